"""The stages of a fit, in the order of the plan (`_pipeline`).

The stages of the library's own kernel are the convex fit and its transfer, its ridge, the
logarithmic scale, feature learning, and the output layer under the requested loss. The others add
base models, combine all parts, remove what is not worth its size, and train the network for its
largest error. Each works on a `Run` and enters a row into the ledger.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import cast

from motifnet.engine import LedgerRow
from motifnet.kernels import EveryFold
from motifnet.motifs import Motif
from motifnet.pipeline._compact import Compactor, Training
from motifnet.pipeline._run import Run
from motifnet.stacking import paired_difference
from motifnet.structure import LogScale, Part, numpy_of, part_of, screen
from motifnet.tables import Sample
from motifnet.teachers import TEACHERS, BoostedTrees, FittedKernel, FittedLinear, RejectedEarly
from motifnet.training import (
    CrossTuned,
    FeatureSettings,
    largest_local_error,
    refit_ridge,
    refit_softmax,
    refit_under_loss,
    starts_of,
    sup_norm_stage,
)

FIRST_TRAINING = "feature layers"
OWN_LOSS = "trained kernel, own loss"
LOG_SCALE_RATIO = 1.05  # to the error on the plain scale; nearer ones decide nothing
MIN_GAIN = 0.01  # share of the error that a later training, the dearest stage, takes off in a trial
OUTPUT_RATIO = 1.1  # to the error of all parts; a kernel above it gains too little by a refit
# to the error of all parts: the stack gives a base model above it
# next to nothing; it ends with its trial, and has no variants
REJECTION_RATIO = 1.4


def fit_convex(run: Run) -> tuple[FittedKernel, EveryFold | None, float]:
    """The convex fit, its folds, and its seconds. A wide table is first screened for columns."""
    start = run.history.start("convex fit")
    run.screen = run.input_layer = screen(run.sample, run.seed, run.n_jobs)
    fitted, folds = run.preset.convex.fit_with_folds(
        run.transformed(), seed=run.seed, n_jobs=run.n_jobs, control=run.control
    )
    seconds = time.monotonic() - start
    start = run.history.start("transferred")
    part = run.part("kernel ridge", fitted)
    scored = run.goal.score([part])
    run.kernels, run.convex, run.scales = [part], fitted, [(None, fitted)]
    note = "kernel ridge in closed form" + (
        "; fewer centres, for the time limit" if fitted.shortened else ""
    )
    if run.screen is not None:
        note += (
            f"; {run.screen.name} for kernels: by gain of trees and by correlation, chosen without "
            "the fold that is scored"
        )
    size = fitted.dual.size + fitted.centres.size
    run.history.enter(LedgerRow("convex fit", seconds, scored.error, size, True, note))
    run.history.record("transferred", start, scored, "network by calculation")
    return fitted, folds, seconds


def refit_last(run: Run, convex: FittedKernel, folds: EveryFold | None, seconds: float) -> None:
    """Solve the convex fit for other λ, which together take about as long as the fit itself."""
    if not run.preset.ridge_again or folds is None:
        return
    start = run.history.start("last layer")
    run.control.check(seconds)
    fitted = refit_ridge(run.transformed(), convex, folds, n_jobs=run.n_jobs)
    alone = run.goal.score([run.part("kernel ridge", fitted)])
    if alone.error < run.goal.score(run.kernels).error:
        run.kernels = list(alone.parts)
    note = f"ridge {convex.ridge:.2g} → {fitted.ridge:.2g} on all rows"
    run.record("last layer", start, note, alone)


def fit_on_log_scale(run: Run, log: LogScale) -> None:
    """Fit the convex model to the logarithm of the target.

    Unless its error is clearly larger, later trainings and base models alternate between the two
    scales.
    """
    start = run.history.start("log scale")
    run.control.check()
    fitted = run.preset.convex.fit(
        run.transformed(log), seed=run.seed, n_jobs=run.n_jobs, control=run.control
    )
    part = run.part("kernel ridge", fitted, log)
    alone, plain = (run.goal.score([one]) for one in (part, run.kernels[0]))
    run.kernels.append(part)
    run.record("log scale", start, "kernel ridge on log y, added to the one on y", alone)
    if alone.error < LOG_SCALE_RATIO * plain.error:
        run.scales.append((log, fitted))


def training_name(number: int) -> str:
    """The name of a training in the ledger."""
    return f"{FIRST_TRAINING} {number + 1}" if number else FIRST_TRAINING


def learn_feature_layers(run: Run, settings: FeatureSettings, number: int) -> None:
    """Train feature layers, and add the trained kernel to the kernels. The stack weighs it by
    out-of-fold scores, so that a training that misleads leaves the start its share.
    """
    (log, convex), stage = run.scale_of(number), training_name(number)
    kind = (FeatureSettings, log is None)
    if kind in run.rejected:
        run.history.leave_out(stage, f"not run: {FIRST_TRAINING} were rejected early")
        return
    start = run.history.start(stage)
    try:
        part = _tuned(run, convex, settings, number, log)
    except RejectedEarly as early:
        if number == 0:
            run.rejected.add(kind)
        run.reject(stage, start, early, log)
        return
    run.kernels.append(part)
    note = run.describe(settings) + ("; on log y" if log else "")
    run.record(stage, start, note, run.goal.score(run.kernels))


def _tuned(
    run: Run,
    convex: FittedKernel,
    settings: FeatureSettings,
    number: int,
    log: LogScale | None = None,
) -> Part:
    sample = run.transformed(log)
    # no trial where few centres are wanted, as another kernel may then be the better one, nor where
    # others need the first training; of a single fold, the trial itself, where the model of all
    # rows is another one, because its encoding is
    single, needed = sample.folds.count == 1, run.copies or run.preset.sup_norm
    apart = sample.views is not None and not (number == 0 and needed)
    tried = (apart if single else number > 0) and not run.small and run.budget is None
    worth = run.gains(log, MIN_GAIN if number else 0.0) if tried else None
    fitted = run.train(sample, starts_of(convex, settings.profiles), settings, number + 1, worth)
    if number == 0:
        run.first = fitted
    make = partial(run.part, f"trained kernel {number + 1}", log=log)
    return run.keep(sample, fitted, make, log)


def refit_output(run: Run) -> None:
    """Refit the output layer of a trained kernel under the requested loss.

    It replaces the kernels that were fitted by least squares, or joins them. Feature layers that
    were trained under the log loss keep theirs: least squares on them have the lower log loss.
    """
    classes = run.sample.labels is not None
    if run.first is None or run.first.log_loss or not (classes or run.sample.response):
        return
    sample, trained, error = _best_training(run)
    if run.history.best is not None and error > OUTPUT_RATIO * run.history.best.error:
        ratio = error / run.history.best.error
        why = f"not run: the trained kernel alone has {ratio:.2f} times the error of all parts"
        run.history.leave_out("own loss", why)
        return
    start = run.history.start("own loss")
    softmax = partial(refit_softmax, sample, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    fitted = (
        softmax(trained)
        if classes
        else refit_under_loss(sample, trained, n_jobs=run.n_jobs, control=run.control)
    )
    if fitted is None:
        return
    part = run.part(OWN_LOSS, fitted)
    if classes:
        run.trainings[part.name] = Training(
            sample,
            trained,
            lambda few: run.part(OWN_LOSS, cast(CrossTuned, softmax(few, exact_rows=0))),
            at_rows=True,
        )
    alone, joined = run.goal.score([part]), run.goal.score([*run.kernels, part])
    # of classes the stack keeps them all: its pull to equal
    # weights gains by parts that are nearly as good
    run.kernels = [part] if alone.error < joined.error and not classes else [*run.kernels, part]
    note = f"output layer under the {'log loss' if classes else 'objective'}"
    run.record("own loss", start, note, alone)


def _best_training(run: Run) -> tuple[Sample, CrossTuned, float]:
    """The rows, the model and the error of the best training; under another loss than the log loss
    the first training, and error 0.
    """
    assert run.first is not None
    parts = [part for part in run.kernels if part.name in run.trainings]
    if run.sample.labels is None or not parts:
        return run.transformed(), run.first, 0.0
    error, name = min((run.goal.score([part]).error, part.name) for part in parts)
    return run.trainings[name].sample, run.trainings[name].fitted, error


def add_later_model(run: Run, name: str, number: int) -> None:
    """Another base model, on the scale whose turn it is."""
    add_base_model(run, name, run.scale_of(number)[0])


def add_base_model(run: Run, name: str, log: LogScale | None) -> None:
    """Add another base model, unless one of its kind was rejected early."""
    teacher = TEACHERS[name]()
    if isinstance(teacher, BoostedTrees):
        teacher = replace(teacher, bagged=run.copies)
    kind = (type(teacher), log is None)
    if kind in run.rejected and name not in run.preset.requested:
        return
    start = run.history.start(name)
    run.control.check()
    sample = run.sample if log is None else log.sample
    fit = partial(teacher.fit, seed=run.seed, n_jobs=run.n_jobs, control=run.control)
    if isinstance(teacher, BoostedTrees) and name not in run.preset.requested:
        fit = partial(fit, worth=run.near(log, REJECTION_RATIO))
    try:
        fitted = fit(sample)
    except RejectedEarly as early:
        run.rejected.add(kind)
        run.reject(name, start, early, log)
        return
    if isinstance(fitted, FittedLinear):
        run.linear = fitted
    part = part_of(name, fitted, log)
    run.others.append(part)
    before, alone = run.history.best, run.goal.score([part])
    run.record(name, start, "another base model" + (", on log y" if log else ""), alone)
    if before is not None and alone.error > REJECTION_RATIO * before.error:
        run.rejected.add(kind)


def stack(run: Run) -> None:
    """Combine all parts. Within one standard error of the best candidate their average is kept, so
    that no negligible difference decides.
    """
    start = run.history.start("stack")
    run.control.check()
    best, scored = run.history.best, run.goal.score(run.parts)
    assert best is not None
    losses, of_best = run.goal.losses(scored), run.goal.losses(best)
    worse, standard_error = paired_difference(losses, of_best, run.sample.weight, run.sample.groups)
    near = worse <= standard_error
    note = " + ".join(f"{weight:.2f} {name}" for name, weight in scored.used if weight > 0)
    if near and worse > 0:
        note += "; within one standard error of the best"
    run.history.record("stack", start, scored, note, kept=True if near and worse >= 0 else None)


def compact(run: Run) -> None:
    """Remove parts and centres, as far as the out-of-fold error allows; see `Compactor`."""
    if run.copies or run.history.best is None:
        return
    start = run.history.start("compact")
    compactor = Compactor(
        goal=run.goal,
        full=run.history.best,
        trainings=run.trainings,
        small=run.small,
        budget=run.budget,
        seed=run.seed,
        n_jobs=run.n_jobs,
        control=run.control,
    )
    scored, note = compactor.smaller()
    if note:
        run.history.record("compact", start, scored, note, kept=True)
    run.row_free = run.small and compactor.is_small(scored)


def train_sup_norm(run: Run) -> None:
    """Train a ReLU network for the largest error. It replaces all other parts where it lowers the
    largest local error.
    """
    start = run.history.start("sup-norm training")
    assert run.first is not None and run.history.best is not None
    trained = sup_norm_stage(
        run.transformed(),
        run.first,
        run.preset.convex,
        seed=run.seed,
        n_jobs=run.n_jobs,
        control=run.control,
    )
    network = _after_input_layer(run, trained.network)
    scored = run.goal.score(
        [Part("sup-norm network", trained.oof, network, partial(numpy_of, network))]
    )
    before, after = (
        largest_local_error(run.sample, oof) for oof in (run.history.best.oof, trained.oof)
    )
    note = f"radius {trained.radius:.2g}; largest local error {before:.3f} → {after:.3f} sd"
    run.history.record("sup-norm training", start, scored, note, kept=after < before)


def _after_input_layer(run: Run, network: Motif) -> Motif:
    """A network of the kernels' inputs as a network of all columns."""
    return network if run.input_layer is None else run.input_layer.around(network)
