"""From a fitted estimator to where feature learning starts: the kernel of its network, and the layers before it as a front.

The networks of the folds' own fits give front and kernel of each fold, so that nothing that a fold starts with has seen its targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier, is_regressor

from motifnet.engine import UsageError
from motifnet.estimators._goal import RegressionGoal
from motifnet.estimators._prepare import Prepared
from motifnet.estimators._run import Run
from motifnet.kernels import median_distances
from motifnet.losses import Objective
from motifnet.mimicry import coded_network, keeps_columns, read_kernel
from motifnet.retrain import Start, beside, starts_of
from motifnet.structure import Front
from motifnet.tables import Sample
from motifnet.teachers import OWN, Coding, EstimatorTeacher, FittedEstimator, named_estimator

BESIDE = ("laplace1", "laplace2")  # profiles that are rough where a Gaussian kernel is smooth, one of them a product over columns
MOST_ROWS = 400  # that medians of distances are taken of


@dataclass(frozen=True)
class KernelStart:
    """The front, None where the kernel is taken of the encoded rows themselves, and a start for each fold and for all rows."""

    front: Front | None
    starts: list[Start]


def teacher_of(asked: Any, ready: Prepared, objective: Objective) -> EstimatorTeacher | None:
    """The teacher that a caller asked for; None for the library's own kernel ridge. Raises UsageError for what cannot teach."""
    if isinstance(asked, str) and asked == OWN:
        return None
    classes = ready.sample.labels is not None
    estimator = named_estimator(asked, classes, ready.sample.X.shape) if isinstance(asked, str) else asked
    if not _is_kind(estimator, classes):
        kind = "classifier" if classes else "regressor"
        raise UsageError(f"teacher={asked!r} is no {kind} of scikit-learn's interface. Pass an estimator such as SVR(), SVC() or a pipeline.")
    if objective.name != "squared":
        raise UsageError(f"teacher=... learns under squared error, but the objective is {objective.name!r}. Leave one of them out.")
    if isinstance(ready.goal, RegressionGoal):
        return EstimatorTeacher(estimator, Coding(ready.goal.mean, ready.goal.sd))
    return EstimatorTeacher(estimator, Coding(np.zeros(1), np.ones(1), ready.sample.n_classes))


def _is_kind(estimator: Any, classes: bool) -> bool:
    """Whether it is an object (not a class) that fits and predicts values, or classes."""
    if isinstance(estimator, type) or not (hasattr(estimator, "fit") and hasattr(estimator, "get_params")):
        return False
    return bool((is_classifier if classes else is_regressor)(estimator))


def kernel_start(sample: Sample, fitted: FittedEstimator, seed: int) -> KernelStart | None:
    """None where the network has no kernel of distances."""
    if len(fitted.of_folds) < sample.folds.count:
        return None
    read = [read_kernel(coded_network(estimator, fitted.coding)) for estimator in (*fitted.of_folds, fitted.estimator)]
    networks = [network for network in read if network is not None]
    if len(networks) < len(read) or len({network.kernel.profiles for network in networks}) > 1:
        return None
    front, behind = None, sample
    if any(network.front.parts for network in networks):
        motifs = [network.front for network in networks]
        width = motifs[-1].outputs(sample.X.shape[1])
        same = sample.numeric is not None and all(map(keeps_columns, motifs))
        numeric = sample.numeric if same and sample.numeric is not None else np.ones(width, dtype=bool)
        front = Front("teacher's front", motifs[-1], numeric, tuple(motifs[:-1]))
        behind = front.behind(sample)
    some = np.sort(np.random.default_rng([seed, 9]).permutation(sample.n)[:MOST_ROWS])
    seen = [behind.view(k) for k in range(behind.folds.count)] + [behind.X]  # the front of all rows may have seen the targets of a fold
    medians = [median_distances(torch.as_tensor(X[some])) for X in seen]
    kernels = [beside(network.unit_kernel, BESIDE, each) for network, each in zip(networks, medians, strict=True)]
    starts = [Start.of(kernel, behind.rows(behind.folds.train(k), k), seed) for k, kernel in enumerate(kernels[:-1])]
    return KernelStart(front, [*starts, Start.of(kernels[-1], behind, seed)])


def learn_features(run: Run, fitted: FittedEstimator) -> None:
    """Feature learning from the kernel of the teacher's network, or of a kernel branch."""
    stage = "feature learning"
    start = run.course.start(stage)
    run.control.check()
    found, settings = kernel_start(run.sample, fitted, run.seed), run.preset.retrained
    run.front = run.units if found is None else found.front
    sample = run.behind_front()
    if found is None:
        convex = run.preset.convex.fit(sample, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
        starts, note = starts_of(convex, settings.profiles), "a kernel branch of weight 0 beside the teacher"
    else:
        starts, note = found.starts, "from the teacher's kernel"
    run.first = run.train(sample, starts, settings, 1)
    part = run.keep(sample, run.first, partial(run.part, "retrained"))
    run.kernels.append(part)
    run.settle(stage, start, f"{note}; {run.describe(settings, starts)}", run.goal.judge([part]))
