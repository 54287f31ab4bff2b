"""What to take in place of an estimator that has no transfer, by the names of the classes."""

from __future__ import annotations

INSTEAD = {
    "RadiusNeighborsClassifier": "nearest is KNeighborsClassifier",
    "RadiusNeighborsRegressor": "nearest is KNeighborsRegressor",
    **dict.fromkeys(("NMF", "SparsePCA"), "nearest is PCA, FastICA or KernelPCA"),
    **dict.fromkeys(("AffinityPropagation", "BisectingKMeans", "MeanShift"), "nearest is KMeans"),
    "AdditiveChi2Sampler": "nearest is Nystroem(kernel='chi2')",
    "CCA": "nearest is PLSRegression",
    "OutputCodeClassifier": "nearest is OneVsRestClassifier",
    "PolynomialCountSketch": "nearest is PolynomialFeatures, or Nystroem(kernel='poly')",
    "SkewedChi2Sampler": "nearest is Nystroem(kernel='chi2')",
    **dict.fromkeys(("FeatureHasher", "HashingVectorizer"), "hashes are not taken. Nearest is CountVectorizer or TfidfVectorizer"),
}


def advice(name: str) -> str:
    """What comes nearest to a class of this name, as a sentence; empty where nothing does."""
    return f" Of {name}: {INSTEAD[name]}." if name in INSTEAD else ""
