"""From a teacher that the caller passes to its network, and to the start of feature learning.

Feature learning starts at the kernel of the teacher's network; the layers before that kernel become
an input layer. Both are taken for each fold from the fit without it, so that no fold starts from
its own targets.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier, is_regressor

from motifnet.engine import LedgerRow, UsageError
from motifnet.kernels import median_distances
from motifnet.losses import Objective
from motifnet.motifs import count_parameters
from motifnet.pipeline._goal import RegressionGoal
from motifnet.pipeline._prepare import Prepared
from motifnet.pipeline._run import Run
from motifnet.structure import InputLayer, part_of
from motifnet.tables import Sample
from motifnet.teachers import OWN, Coding, EstimatorTeacher, FittedEstimator, named_estimator
from motifnet.training import Start, add_profiles, starts_of
from motifnet.transfer import coded_network, keeps_columns, read_kernel

# rough where a Gaussian kernel is smooth; the first is a product over columns
ADDED_PROFILES = ("laplace1", "laplace2")
MAX_ROWS = 400  # for medians of distances


@dataclass(frozen=True)
class KernelStart:
    """The input layer, None where the kernel is one of the encoded rows themselves, and a start for
    each fold and for all rows.
    """

    input_layer: InputLayer | None
    starts: list[Start]


def teacher_of(requested: Any, ready: Prepared, objective: Objective) -> EstimatorTeacher | None:
    """The teacher that the caller requested; None for the library's own kernel ridge. Raises
    UsageError for what cannot teach.
    """
    if isinstance(requested, str) and requested == OWN:
        return None
    classes = ready.sample.labels is not None
    estimator = (
        named_estimator(requested, classes, ready.sample.X.shape)
        if isinstance(requested, str)
        else requested
    )
    if not _is_kind(estimator, classes):
        kind = "classifier" if classes else "regressor"
        raise UsageError(
            f"teacher={requested!r} is no {kind} of scikit-learn's interface. Pass an "
            "estimator such as SVR(), SVC() or a pipeline."
        )
    if objective.name != "squared":
        raise UsageError(
            f"teacher=... learns under squared error, but the objective is "
            f"{objective.name!r}. Leave one of them out."
        )
    if isinstance(ready.goal, RegressionGoal):
        return EstimatorTeacher(estimator, Coding(ready.goal.mean, ready.goal.sd))
    return EstimatorTeacher(estimator, Coding(np.zeros(1), np.ones(1), ready.sample.n_classes))


def _is_kind(estimator: Any, classes: bool) -> bool:
    """Whether it is an object (not a class) that fits and predicts values, or classes."""
    if isinstance(estimator, type) or not (
        hasattr(estimator, "fit") and hasattr(estimator, "get_params")
    ):
        return False
    return bool((is_classifier if classes else is_regressor)(estimator))


def kernel_start(sample: Sample, fitted: FittedEstimator, seed: int) -> KernelStart | None:
    """None where the network has no kernel of distances."""
    if len(fitted.of_folds) < sample.folds.count:
        return None
    read = [
        read_kernel(coded_network(estimator, fitted.coding))
        for estimator in (*fitted.of_folds, fitted.estimator)
    ]
    networks = [network for network in read if network is not None]
    if len(networks) < len(read) or len({network.kernel.profiles for network in networks}) > 1:
        return None
    input_layer, transform = None, sample
    if any(network.front.parts for network in networks):
        motifs = [network.front for network in networks]
        width = motifs[-1].outputs(sample.X.shape[1])
        same = sample.numeric is not None and all(map(keeps_columns, motifs))
        numeric = (
            sample.numeric if same and sample.numeric is not None else np.ones(width, dtype=bool)
        )
        input_layer = InputLayer("teacher's front", motifs[-1], numeric, tuple(motifs[:-1]))
        transform = input_layer.transform(sample)
    some = np.sort(np.random.default_rng([seed, 9]).permutation(sample.n)[:MAX_ROWS])
    # the input layer of all rows may depend on the targets of a fold
    views = [transform.view(k) for k in range(transform.folds.count)] + [transform.X]
    medians = [median_distances(torch.as_tensor(X[some])) for X in views]
    kernels = [
        add_profiles(network.unit_kernel, ADDED_PROFILES, each)
        for network, each in zip(networks, medians, strict=True)
    ]
    starts = [
        Start.of(kernel, transform.rows(transform.folds.train(k), k), seed)
        for k, kernel in enumerate(kernels[:-1])
    ]
    return KernelStart(input_layer, [*starts, Start.of(kernels[-1], transform, seed)])


def transfer_teacher(run: Run, teacher: EstimatorTeacher) -> FittedEstimator:
    """Fit the teacher for every fold, and transfer it: the first part of the run."""
    start = run.history.start("teacher")
    fitted = teacher.fit(run.sample, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    seconds, part = time.monotonic() - start, part_of("teacher", fitted)
    start = run.history.start("transferred")
    scored, run.others = run.goal.score([part]), [part]
    size = count_parameters(part.network)
    note = f"{type(teacher.estimator).__name__}, fitted for every fold"
    run.history.enter(LedgerRow("teacher", seconds, scored.error, size, True, note))
    run.history.record("transferred", start, scored, "network by calculation")
    return fitted


def learn_features(run: Run, fitted: FittedEstimator) -> None:
    """Feature learning from the kernel of the teacher's network, or of a kernel branch."""
    stage = "feature learning"
    start = run.history.start(stage)
    run.control.check()
    found, settings = kernel_start(run.sample, fitted, run.seed), run.preset.retrained
    run.input_layer = run.units if found is None else found.input_layer
    sample = run.transformed()
    if found is None:
        convex = run.preset.convex.fit(
            sample, seed=run.seed, n_jobs=run.n_jobs, control=run.control
        )
        starts = starts_of(convex, settings.profiles)
        note = "a kernel branch of weight 0 added to the teacher"
    else:
        starts, note = found.starts, "from the teacher's kernel"
    run.first = run.train(sample, starts, settings, 1)
    part = run.keep(sample, run.first, partial(run.part, "retrained"))
    run.kernels.append(part)
    run.record(stage, start, f"{note}; {run.describe(settings, starts)}", run.goal.score([part]))
