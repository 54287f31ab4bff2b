"""What to take in place of an estimator that has no transfer, by the names of the classes."""

from __future__ import annotations

_ROWS = "it is its rows, with jumps wherever the nearest one changes. Nearest is a kernel machine, such as KernelRidge or SVC"
INSTEAD = {
    **dict.fromkeys(("KNeighborsClassifier", "KNeighborsRegressor", "RadiusNeighborsClassifier", "RadiusNeighborsRegressor"), _ROWS),
    **dict.fromkeys(("IterativeImputer", "KNNImputer"), "nearest is SimpleImputer"),
    **dict.fromkeys(("BernoulliNB", "CategoricalNB", "ComplementNB", "MultinomialNB"), "nearest is LogisticRegression, or GaussianNB"),
    **dict.fromkeys(("FastICA", "KernelPCA", "NMF", "SparsePCA"), "nearest is PCA, or Nystroem with a kernel"),
    "AdditiveChi2Sampler": "nearest is Nystroem(kernel='chi2')",
    "CCA": "nearest is PLSRegression",
    "OutputCodeClassifier": "nearest is OneVsRestClassifier",
    "PolynomialCountSketch": "nearest is PolynomialFeatures, or Nystroem(kernel='poly')",
    "QuadraticDiscriminantAnalysis": "nearest is GaussianNB behind PCA(whiten=True), or LinearDiscriminantAnalysis",
    "SkewedChi2Sampler": "nearest is Nystroem(kernel='chi2')",
    "TfidfVectorizer": "texts as language are not taken. Nearest is OneHotEncoder for texts that are levels",
}


def advice(name: str) -> str:
    """What comes nearest to a class of this name, as a sentence; empty where nothing does."""
    return f" Of {name}: {INSTEAD[name]}." if name in INSTEAD else ""
