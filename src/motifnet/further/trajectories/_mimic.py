"""A fitted pipeline of tracks as one network, compared with the pipeline before it is returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from motifnet.engine import DataError, Matrix, UsageError
from motifnet.further.trajectories._kernel import FrechetKernel
from motifnet.further.trajectories._tracks import read_tracks

if TYPE_CHECKING:
    from motifnet.estimators import Network
    from motifnet.motifs import Motif

MAX_DIFFERENCE = 1e-6  # in standard deviations of an output


def mimic_tracks(fitted: Any, tracks: Any) -> Network:
    """The network that computes what a pipeline predicts for tracks of one length.

    Parameters
    ----------
    fitted : fitted Pipeline
        A `FrechetKernel` first, with sampled alignments and a finite beta. Behind it an SVC or SVR
        with kernel="precomputed" (of two classes), or what `motifnet.mimic` takes for the rows of
        the Gram matrix: scalers, linear models, logistic regression. The kernel alone gives its
        Gram matrix.
    tracks : tracks of one length L, at least two
        The network is compared with the pipeline on them. Tracks of the fit may have any lengths.

    Returns
    -------
    Network
        Takes tracks as rows with shape (n, L · d), point after point, as
        `np.reshape(tracks, (n, -1))` gives them. Its outputs are those of `decision_function`, or
        of what `mimic` says of the last step. `to_onnx(path)` writes it as ONNX in float64.

    Raises
    ------
    UsageError
        For another pipeline, exact=True or beta=inf, more than two classes of a precomputed SVC,
        and tracks of several lengths: there is one network a length.
    MimicryError
        Where the network differs from the pipeline by more than 1e-6 standard deviations.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from motifnet.trajectories import FrechetKernel, mimic_tracks
    >>> tracks = np.random.default_rng(0).normal(size=(12, 4, 2))
    >>> pipeline = make_pipeline(FrechetKernel(n_alignments=10), Ridge())
    >>> pipeline = pipeline.fit(tracks, tracks[:, -1, 0])
    >>> network = mimic_tracks(pipeline, tracks)
    >>> network(tracks.reshape(12, -1)).shape
    (12, 1)
    """
    from motifnet.estimators import Network
    from motifnet.motifs import Chain

    kernel, others = _parts(fitted)
    read = read_tracks(tracks, "tracks")
    length = _length(read)
    if len(read) < 2:
        raise DataError("One track shows no differences of outputs. Pass two or more.")
    gram = kernel.transform(read)
    network = Network(
        Chain([_gram_network(kernel, length), *_behind(others, gram)]), length * read[0].shape[1]
    )
    rows = np.reshape(read, (len(read), -1))
    _compare(network(rows), _outputs(kernel, others, gram))
    return network


def _parts(fitted: Any) -> tuple[FrechetKernel, list[Any]]:
    steps = [step for _, step in getattr(fitted, "steps", [("", fitted)])]
    kernel = steps[0]
    if not isinstance(kernel, FrechetKernel):
        raise UsageError(
            f"The first step is {type(kernel).__name__}, and mimic_tracks needs a FrechetKernel "
            "there. For tables use motifnet.mimic."
        )
    if not hasattr(kernel, "tracks_"):
        raise UsageError("The pipeline is not fitted. Call its fit(tracks, y) first.")
    if kernel.exact or np.isinf(kernel.beta):
        raise UsageError(
            f"FrechetKernel(exact={kernel.exact}, beta={kernel.beta}) has no network: its sums run "
            "over all alignments, or are minima. Fit with exact=False and a finite beta."
        )
    return kernel, steps[1:]


def _length(tracks: list[Matrix]) -> int:
    lengths = sorted({len(track) for track in tracks})
    if len(lengths) > 1:
        raise UsageError(
            f"tracks have lengths from {lengths[0]} to {lengths[-1]}, and a network takes one. "
            "Call mimic_tracks once for each length that occurs, or bring tracks to one length."
        )
    return lengths[0]


def _gram_network(kernel: FrechetKernel, length: int) -> Motif:
    from motifnet.further.trajectories._network import gram_network

    return gram_network(*kernel._state(), length=length)


def _behind(others: list[Any], gram: Matrix) -> list[Motif]:
    """The networks of the steps behind the kernel."""
    from motifnet.estimators import mimic
    from motifnet.further.trajectories._network import _affine

    if not others:
        return []
    last = others[-1]
    if len(others) > 1 or getattr(last, "kernel", None) != "precomputed":
        from sklearn.pipeline import make_pipeline

        return [mimic(make_pipeline(*others) if len(others) > 1 else last, gram).module]
    coefficients = np.asarray(last.dual_coef_)
    if len(coefficients) > 1:
        raise UsageError(
            f"{type(last).__name__}(kernel='precomputed') has {len(coefficients) + 1} classes, and "
            "a network two. Put a LogisticRegression or SVC(kernel='linear') behind the kernel."
        )
    weight = np.zeros((1, gram.shape[1]))
    weight[0, last.support_] = coefficients[0]
    return [_affine(weight, last.intercept_)]


def _outputs(kernel: FrechetKernel, others: list[Any], gram: Matrix) -> Matrix:
    from motifnet.transfer.fitted import outputs_of

    if not others:
        return gram
    from sklearn.pipeline import make_pipeline

    return outputs_of(make_pipeline(*others), gram)


def _compare(found: Matrix, expected: Matrix) -> None:
    from motifnet.transfer import MimicryError

    scale = np.maximum(expected.std(0), np.finfo(np.float64).tiny)
    difference = np.abs(found - expected) / scale
    if not difference.max() <= MAX_DIFFERENCE:
        row = int(np.nanargmax(difference.max(1)))
        raise MimicryError(
            f"The network gives {found[row].round(8).tolist()} for track {row}, and the pipeline "
            f"{expected[row].round(8).tolist()}. Use the pipeline itself, or "
            "motifnet.mimic(function of rows, rows), which imitates values."
        )
