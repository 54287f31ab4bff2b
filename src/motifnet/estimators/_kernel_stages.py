"""Stages of the library's own kernel: the convex fit and its transfer, its ridge, the logarithmic scale, inner layers, and the output layer under
the loss that is requested.
"""

from __future__ import annotations

import time
from functools import partial
from typing import cast

from motifnet.engine import LedgerRow
from motifnet.estimators._compact import Training
from motifnet.estimators._run import Run
from motifnet.kernels import EveryFold
from motifnet.retrain import CrossTuned, InnerSettings, refit_ridge, refit_softmax, refit_under_loss, starts_of
from motifnet.structure import LogScale, Part, screen
from motifnet.tables import Sample
from motifnet.teachers import FittedKernel, RejectedEarly

FIRST_TRAINING = "inner layers"
OWN_LOSS = "trained kernel, own loss"
CLEARLY = 1.05  # errors in units of the plain scale's; nearer ones decide nothing, and parts on two scales differ more
FAR = 1.1  # errors of all parts: a kernel of classes that is further from them gains too little by another output layer
FURTHER = 0.01  # of the error: what a further training, the dearest of all stages, must gain in its trial


def fit_convex(run: Run) -> tuple[FittedKernel, EveryFold | None, float]:
    """The fit, its folds, and the seconds that it took; of a wide table on the columns that a screen keeps."""
    start = run.course.start("convex fit")
    run.screen = run.front = screen(run.sample, run.seed, run.n_jobs)
    fitted, folds = run.preset.convex.fit_with_folds(run.behind_front(), seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    seconds = time.monotonic() - start
    start = run.course.start("transferred")
    part = run.part("kernel ridge", fitted)
    judged = run.goal.judge([part])
    run.kernels, run.convex, run.scales = [part], fitted, [(None, fitted)]
    note = "kernel ridge in closed form" + ("; fewer centres, for the time limit" if fitted.shortened else "")
    if run.screen is not None:
        note += f"; {run.screen.name} for kernels: by gain of trees and by correlation, chosen without the fold that is scored"
    run.course.enter(LedgerRow("convex fit", seconds, judged.error, fitted.dual.size + fitted.centres.size, True, note))
    run.course.settle("transferred", start, judged, "network by calculation")
    return fitted, folds, seconds


def refit_last(run: Run, convex: FittedKernel, folds: EveryFold | None, seconds: float) -> None:
    """Solutions for further λ, which together take about as long as the convex fit."""
    if not run.preset.ridge_again or folds is None:
        return
    start = run.course.start("last layer")
    run.control.check(seconds)
    fitted = refit_ridge(run.behind_front(), convex, folds, n_jobs=run.n_jobs)
    alone = run.goal.judge([run.part("kernel ridge", fitted)])
    if alone.error < run.goal.judge(run.kernels).error:
        run.kernels = list(alone.parts)
    run.settle("last layer", start, f"ridge {convex.ridge:.2g} → {fitted.ridge:.2g} on all rows", alone)


def fit_on_log_scale(run: Run, log: LogScale) -> None:
    """The convex fit on the logarithmic scale of the target, which trainings and teachers then take in turn with the plain one, unless its error is
    clearly larger.
    """
    start = run.course.start("log scale")
    run.control.check()
    fitted = run.preset.convex.fit(run.behind_front(log), seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    part = run.part("kernel ridge", fitted, log)
    alone, plain = (run.goal.judge([one]) for one in (part, run.kernels[0]))
    run.kernels.append(part)
    run.settle("log scale", start, "kernel ridge on log y, beside the one on y", alone)
    if alone.error < CLEARLY * plain.error:
        run.scales.append((log, fitted))


def training_name(number: int) -> str:
    """The stage of a training in the ledger."""
    return f"{FIRST_TRAINING} {number + 1}" if number else FIRST_TRAINING


def train_inner_layers(run: Run, settings: InnerSettings, number: int) -> None:
    """A training beside all kernels so far; by out-of-fold scores: where it misleads, the start keeps its share."""
    (log, convex), stage = run.scale_of(number), training_name(number)
    start = run.course.start(stage)
    try:
        part = _tuned(run, convex, settings, number, log)
    except RejectedEarly as early:
        run.reject(stage, start, early, log)
        return
    run.kernels.append(part)
    run.settle(stage, start, run.describe(settings) + ("; on log y" if log else ""), run.goal.judge(run.kernels))


def _tuned(run: Run, convex: FittedKernel, settings: InnerSettings, number: int, log: LogScale | None = None) -> Part:
    sample = run.behind_front(log)
    # with few centres another kernel may be the better one, and of a single fold a trial is all there is
    tried = number and sample.folds.count > 1 and not run.small and run.budget is None
    worth = run.gains(log, FURTHER) if tried else None
    fitted = run.train(sample, starts_of(convex, settings.profiles), settings, number + 1, worth)
    if number == 0:
        run.first = fitted
    make = partial(run.part, f"trained kernel {number + 1}", log=log)
    return run.keep(sample, fitted, make, log)


def refit_output(run: Run) -> None:
    """A trained kernel under the loss that is requested, alone or beside the kernels that were fitted by least squares; not where its feature layers
    were trained under the log loss: least squares behind them have the lower log loss.
    """
    classes = run.sample.labels is not None
    if run.first is None or run.first.log_loss or not (classes or run.sample.response):
        return
    sample, trained, error = _best_training(run)
    if run.course.best is not None and error > FAR * run.course.best.error:
        run.course.leave_out("own loss", f"not run: the trained kernel alone has {error / run.course.best.error:.2f} times the error of all parts")
        return
    start = run.course.start("own loss")
    softmax = partial(refit_softmax, sample, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    fitted = softmax(trained) if classes else refit_under_loss(sample, trained, n_jobs=run.n_jobs, control=run.control)
    if fitted is None:
        return
    part = run.part(OWN_LOSS, fitted)
    if classes:
        run.trainings[part.name] = Training(
            sample, trained, lambda few: run.part(OWN_LOSS, cast(CrossTuned, softmax(few, exact_rows=0))), at_rows=True
        )
    alone, beside = run.goal.judge([part]), run.goal.judge([*run.kernels, part])
    # for classes the stack keeps them all: its pull to equal weights gains by parts that are nearly as good
    run.kernels = [part] if alone.error < beside.error and not classes else [*run.kernels, part]
    run.settle("own loss", start, f"output layer under the {'log loss' if classes else 'objective'}", alone)


def _best_training(run: Run) -> tuple[Sample, CrossTuned, float]:
    """The training of least error, its rows, and that error; the first one, and no error, where losses are the goal's own."""
    assert run.first is not None
    parts = [part for part in run.kernels if part.name in run.trainings]
    if run.sample.labels is None or not parts:
        return run.behind_front(), run.first, 0.0
    error, name = min((run.goal.judge([part]).error, part.name) for part in parts)
    return run.trainings[name].sample, run.trainings[name].fitted, error
