"""Motif Mimicry on one page: convex fit → transfer → first teacher → last layer → inner layers → log scale and further inner layers → own loss →
structure that the profile found → other teachers → stack → fine-tuning → sup-norm training.

What is cheap comes first. Every stage is timed and judged together with all parts so far, on rows that none of them has seen; it is kept if that
error is lower. `Stopped` (time limit, Ctrl-C) ends the run with the best so far; the convex fit and its transfer always finish, so there always is a
model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

from motifnet.engine import Control, LedgerRow, Stopped
from motifnet.estimators._compact import Compactor, Training
from motifnet.estimators._course import Course
from motifnet.estimators._from_teacher import kernel_start
from motifnet.estimators._goal import Goal, Judged, RegressionGoal
from motifnet.estimators._presets import Preset
from motifnet.kernels import EveryFold
from motifnet.mimicry import transfer
from motifnet.motifs import Motif, count_parameters
from motifnet.profiling import Profile
from motifnet.retrain import (
    CrossTuned,
    FineTuneSettings,
    InnerSettings,
    Start,
    cross_tune,
    fine_tune_stage,
    fold_model,
    largest_local_error,
    refit_ridge,
    refit_softmax,
    refit_under_loss,
    starts_of,
    sup_norm_stage,
)
from motifnet.stacking import paired_difference, predicted
from motifnet.structure import Front, LogScale, Orbit, Part, Prescriber, numpy_of, part_of
from motifnet.tables import Matrix, Sample
from motifnet.teachers import TEACHERS, BoostedTrees, EstimatorTeacher, FittedEstimator, FittedKernel, Hopeless

# behind a layer that leaves few directions and no jump the function is smooth: no Laplace kernel of ‖·‖₁, and steps enough to find its scale
SMOOTHEST, SMOOTH, SMOOTH_STEPS = ("gaussian",), ("laplace2", "matern52", "gaussian"), 60
HOPELESS = 1.4  # errors in units of the best: the stack gives such a teacher next to nothing; it ends after its first fold, and has no variants
FEW_ROWS, FEW_PARAMETERS = 1_000, 60  # below, trainings differ more, and several networks are averaged as long as they have so few parameters a row
OWN_LOSS = "trained kernel, own loss"
FIRST_ROWS = 200  # of a fold that may say so


@dataclass
class Run:
    """One run of the pipeline and what it has so far.

    `teacher`: what is transferred and retrained in place of the library's own kernel ridge. `units`: what stands before a kernel branch beside it,
    None where rows are standardised. `front`: what stands before the kernel of the `first` training. `copies`: one network a fold, not one for all.
    `small`: no row of the table may be a centre, nor the network larger than that of a `budget` of parameters; `row_free`: whether this came true.
    `trainings`: of the parts that are trained kernels, by name.
    """

    sample: Sample
    goal: Goal
    preset: Preset
    seed: int
    n_jobs: int
    control: Control
    course: Course
    log: LogScale | None = None
    teacher: EstimatorTeacher | None = None
    units: Front | None = None
    front: Front | None = None
    copies: bool = False
    small: bool = False
    budget: int | None = None
    prescriber: Prescriber | None = None
    profile: Profile | None = None
    kernels: list[Part] = field(default_factory=list)
    others: list[Part] = field(default_factory=list)
    convex: FittedKernel | None = None
    first: CrossTuned | None = None
    trainings: dict[str, Training] = field(default_factory=dict)
    row_free: bool = False
    hopeless: set[tuple[type, bool]] = field(default_factory=set)
    stopped: bool = False

    def go(self) -> Judged:
        """Run all stages that the preset asks for; where a teacher was given, those that make it a better network."""
        if self.teacher is not None:
            return self._from_teacher(self.teacher)
        convex, folds, convex_seconds = self._convex()
        try:
            for name in self.preset.teachers[:1]:
                self._teacher(name, None)
            self._last_layer(convex, folds, convex_seconds)
            del folds  # as large as a Gram matrix of all rows
            scales: list[tuple[LogScale | None, FittedKernel]] = [(None, convex)]
            for number, settings in enumerate(self.preset.inner):
                if number == 1 and self.log is not None:
                    scales.append((self.log, self._log_scale(self.log)))
                self._inner_layers(*scales[number % len(scales)], settings, number)
            self._own_loss()
            self._structure()
            for number, name in enumerate(self.preset.teachers[1:], 1):
                self._teacher(name, scales[number % len(scales)][0])
            self._stack()
            self._compact()
            if self.preset.fine_tune_epochs:
                self._fine_tune()
            if self.preset.sup_norm:
                self._sup_norm()
        except Stopped:
            self.stopped = True
        assert self.course.best is not None
        return self.course.best

    def _from_teacher(self, teacher: EstimatorTeacher) -> Judged:
        """Teacher → transfer → feature learning → stack. Where its network has no kernel of distances, a kernel branch of weight 0 is beside it."""
        start = self.course.start("teacher")
        fitted = teacher.fit(self.sample, seed=self.seed, n_jobs=self.n_jobs, control=self.control)
        seconds, part = time.monotonic() - start, part_of("teacher", fitted)
        start = self.course.start("transferred")
        judged, self.others = self.goal.judge([part]), [part]
        size = count_parameters(part.network)
        self.course.enter(LedgerRow("teacher", seconds, judged.error, size, True, f"{type(teacher.estimator).__name__}, fitted for every fold"))
        self.course.settle("transferred", start, judged, "network by calculation")
        try:
            self._features(fitted)
            self._own_loss()
            for name in self.preset.asked:
                self._teacher(name, None)
            self._stack()
            self._compact()
        except Stopped:
            self.stopped = True
        assert self.course.best is not None
        return self.course.best

    def _features(self, fitted: FittedEstimator) -> None:
        """Feature learning from the kernel of the teacher's network, or of a kernel branch."""
        stage = "feature learning"
        start = self.course.start(stage)
        self.control.check()
        found, settings = kernel_start(self.sample, fitted, self.seed), self.preset.retrained
        self.front = self.units if found is None else found.front
        sample = self._behind_front()
        if found is None:
            convex = self.preset.convex.fit(sample, seed=self.seed, n_jobs=self.n_jobs, control=self.control)
            starts, note = starts_of(convex, settings.profiles), "a kernel branch of weight 0 beside the teacher"
        else:
            starts, note = found.starts, "from the teacher's kernel"
        self.first = self._trained(sample, starts, settings, 1)
        part = self._kept(sample, self.first, partial(self._part, "retrained"))
        self.kernels.append(part)
        self._settle(stage, start, f"{note}; {self._describe(settings, starts)}", self.goal.judge([part]))

    def _behind_front(self) -> Sample:
        """The sample that the first training sees."""
        return self.sample if self.front is None else self.front.behind(self.sample)

    def _part(self, name: str, fitted: CrossTuned) -> Part:
        return part_of(name, fitted) if self.front is None else self.front.part(name, fitted)

    @property
    def trained(self) -> CrossTuned | None:
        """The first training, where it is of the encoded rows themselves."""
        return self.first if self.front is None else None

    @property
    def parts(self) -> list[Part]:
        """All parts so far."""
        return [*self.kernels, *self.others]

    def _settle(self, stage: str, start: float, note: str, alone: Judged) -> None:
        """Enter a stage by the error of all parts together; that of its own parts `alone` is told where there are others."""
        together = self.goal.judge(self.parts) if len(self.parts) > len(alone.parts) else alone
        self.course.settle(stage, start, together, note if together is alone else f"{note}; alone {alone.error:.4g}")

    def _convex(self) -> tuple[FittedKernel, EveryFold | None, float]:
        """The fit, its folds, and the seconds that it took."""
        start = self.course.start("convex fit")
        fitted, folds = self.preset.convex.fit_with_folds(self.sample, seed=self.seed, n_jobs=self.n_jobs, control=self.control)
        seconds = time.monotonic() - start
        start = self.course.start("transferred")
        part = part_of("kernel ridge", fitted)
        judged = self.goal.judge([part])
        self.kernels, self.convex = [part], fitted
        note = "kernel ridge in closed form" + ("; fewer centres, for the time limit" if fitted.shortened else "")
        self.course.enter(LedgerRow("convex fit", seconds, judged.error, fitted.dual.size + fitted.centres.size, True, note))
        self.course.settle("transferred", start, judged, "network by calculation")
        return fitted, folds, seconds

    def _last_layer(self, convex: FittedKernel, folds: EveryFold | None, seconds: float) -> None:
        """Solutions for further λ, which together take about as long as the convex fit."""
        if not self.preset.ridge_again or folds is None:
            return
        start = self.course.start("last layer")
        self.control.check(seconds)
        fitted = refit_ridge(self.sample, convex, folds, n_jobs=self.n_jobs)
        alone = self.goal.judge([part_of("kernel ridge", fitted)])
        if alone.error < self.goal.judge(self.kernels).error:
            self.kernels = list(alone.parts)
        self._settle("last layer", start, f"ridge {convex.ridge:.2g} → {fitted.ridge:.2g} on all rows", alone)

    def _log_scale(self, log: LogScale) -> FittedKernel:
        """The convex fit on the logarithmic scale of the target, which trainings and teachers take in turn with the plain one."""
        start = self.course.start("log scale")
        self.control.check()
        fitted = self.preset.convex.fit(log.sample, seed=self.seed, n_jobs=self.n_jobs, control=self.control)
        part = part_of("kernel ridge", fitted, log)
        self.kernels.append(part)
        self._settle("log scale", start, "kernel ridge on log y, beside the one on y", self.goal.judge([part]))
        return fitted

    def _inner_layers(self, log: LogScale | None, convex: FittedKernel, settings: InnerSettings, number: int) -> None:
        stage = "inner layers" if number == 0 else f"inner layers {number + 1}"
        start = self.course.start(stage)
        # a combination of the start and the trained networks by honest scores: where training misleads, the start keeps its share
        self.kernels.append(self._tuned(convex, settings, number, log))
        self._settle(stage, start, self._describe(settings) + ("; on log y" if log else ""), self.goal.judge(self.kernels))

    def _tuned(self, convex: FittedKernel, settings: InnerSettings, number: int, log: LogScale | None = None) -> Part:
        fitted = self._trained(self.sample if log is None else log.sample, starts_of(convex, settings.profiles), settings, number + 1)
        if number == 0:
            self.first = fitted
        make = partial(part_of, f"trained kernel {number + 1}", log=log)
        return self._kept(self.sample if log is None else log.sample, fitted, make)

    def _kept(self, sample: Sample, fitted: CrossTuned, make: Callable[[CrossTuned], Part]) -> Part:
        """The part of a training; how to make it again is kept."""
        part = make(fitted)
        self.trainings[part.name] = Training(sample, fitted, make)
        return part

    def _trained(self, sample: Sample, starts: Sequence[Start], settings: InnerSettings, number: int) -> CrossTuned:
        copies, jobs, control = self._copies(sample, settings), self.n_jobs, self.control
        return cross_tune(sample, starts, settings, seed=self.seed, number=number, n_jobs=jobs, control=control, copies=copies)

    def _copies(self, sample: Sample, settings: InnerSettings) -> int:
        """How many networks a training ends in: those of all folds, or one; where rows are few and there is a trunk, as many as are small enough."""
        count = sample.folds.count
        if self.copies:
            return count
        if not settings.depth or sample.n >= FEW_ROWS:
            return 1
        return max(1, min(count, FEW_PARAMETERS // (2 * sample.X.shape[1] + sample.y.shape[1])))

    def _describe(self, settings: InnerSettings, starts: Sequence[Start] = ()) -> str:
        profiles = starts[-1].kernel.profiles if starts else settings.profiles
        return f"{settings.steps} steps a fold, {self.sample.folds.count} folds; depth {settings.depth}; {', '.join(profiles)}"

    def _own_loss(self) -> None:
        """The first trained kernel under the loss that is asked for, alone or beside the kernels that were fitted by least squares."""
        classes = self.sample.labels is not None
        if self.first is None or not (classes or self.sample.response):
            return
        start = self.course.start("own loss")
        sample = self._behind_front()
        softmax = partial(refit_softmax, sample, seed=self.seed, n_jobs=self.n_jobs, control=self.control)
        fitted = softmax(self.first) if classes else refit_under_loss(sample, self.first, n_jobs=self.n_jobs, control=self.control)
        if fitted is None:
            return
        part = self._part(OWN_LOSS, fitted)
        if classes:
            self.trainings[part.name] = Training(
                sample, self.first, lambda few: self._part(OWN_LOSS, cast(CrossTuned, softmax(few, exact_rows=0))), True
            )
        alone, beside = self.goal.judge([part]), self.goal.judge([*self.kernels, part])
        # for classes the stack keeps them all: its pull to equal weights gains by parts that are nearly as good
        self.kernels = [part] if alone.error < beside.error and not classes else [*self.kernels, part]
        self._settle("own loss", start, f"output layer under the {'log loss' if classes else 'objective'}", alone)

    def _structure(self) -> None:
        """Look at the table, and try a kernel part behind each front that the findings lead to."""
        if self.prescriber is None:
            return
        start = self.course.start("profile")
        self.control.check()
        self.profile = self.prescriber.profile(self.control)
        fronts = self.prescriber.fronts(self.profile, self.sample, self.control)
        assert self.course.best is not None
        found = "; ".join(f"{f.detector}: {f.verdict}" for f in self.profile.findings if f.found) or "nothing that changes the structure"
        size = count_parameters(self.goal.network(self.course.best))
        self.course.enter(LedgerRow("profile", time.monotonic() - start, self.course.best.error, size, True, found))
        start = time.monotonic()
        for number, front in enumerate(fronts):
            self._behind(front, number, start)
            start = time.monotonic()

    def _behind(self, front: Front | Orbit, number: int, start: float) -> None:
        """The convex fit and the first training on the rows behind a front: alone or beside the others, where that is better, else forgotten."""
        self.course.start(front.name)
        sample, first = front.behind(self.sample), self.preset.inner[0]
        settings = replace(first, profiles=SMOOTH, steps=max(first.steps, SMOOTH_STEPS))
        teacher = replace(self.preset.convex, profiles=SMOOTHEST)
        convex = teacher.fit(sample, seed=self.seed, n_jobs=self.n_jobs, control=self.control)
        trained = self._trained(sample, starts_of(convex, settings.profiles), settings, 100 + number)
        parts = [front.part("kernel ridge", convex), self._kept(sample, trained, partial(front.part, "trained kernel"))]
        kernels = {"": [*self.kernels, *parts], ", and no others": parts}
        judged = {alone: self.goal.judge([*some, *self.others]) for alone, some in kernels.items()}
        alone = min(judged, key=lambda alone: judged[alone].error)
        if self.course.settle(front.name, start, judged[alone], f"smooth kernels behind this layer{alone}"):
            self.kernels = kernels[alone]

    def _teacher(self, name: str, log: LogScale | None) -> None:
        teacher = TEACHERS[name]()
        if isinstance(teacher, BoostedTrees):
            teacher = replace(teacher, bagged=self.copies)
        kind = (type(teacher), log is None)
        if kind in self.hopeless and name not in self.preset.asked:
            return
        start = self.course.start(name)
        self.control.check()
        sample = self.sample if log is None else log.sample
        fit = partial(teacher.fit, seed=self.seed, n_jobs=self.n_jobs, control=self.control)
        if isinstance(teacher, BoostedTrees) and isinstance(self.goal, RegressionGoal) and log is None and name not in self.preset.asked:
            fit = partial(fit, worth=self._worth)
        try:
            part = part_of(name, fit(sample), log)
        except Hopeless as ended:
            self.hopeless.add(kind)
            error = self.goal.error(ended.oof, predicted(ended.oof))
            self.course.enter(LedgerRow(name, time.monotonic() - start, error, 0, False, f"{ended}: no part of the stack"))
            return
        self.others.append(part)
        before, alone = self.course.best, self.goal.judge([part])
        self._settle(name, start, "a further teacher" + (", on log y" if log else ""), alone)
        if before is not None and alone.error > HOPELESS * before.error:
            self.hopeless.add(kind)

    def _worth(self, oof: Matrix) -> bool:
        """Whether the first fold of a teacher is less than hopeless beside the best so far, or too small to tell."""
        assert self.course.best is not None
        best = self.course.best.oof
        both = predicted(oof) & predicted(best)
        return int(both.sum()) < FIRST_ROWS or self.goal.error(oof, both) <= HOPELESS * self.goal.error(best, both)

    def _stack(self) -> None:
        """All parts together. A least difference does not decide: within one standard error of the best so far the average of all stands."""
        start = self.course.start("stack")
        self.control.check()
        best, judged = self.course.best, self.goal.judge(self.parts)
        assert best is not None
        losses, of_best = self.goal.losses(judged), self.goal.losses(best)
        worse, standard_error = paired_difference(losses, of_best, self.sample.weight, self.sample.groups)
        weights = " + ".join(f"{weight:.2f} {name}" for name, weight in judged.used if weight > 0)
        note = f"{weights}; within one standard error of the best" if 0 < worse <= standard_error else weights
        self.course.settle("stack", start, judged, note, kept=True if 0 <= worse <= standard_error else None)

    def _compact(self) -> None:
        """Fewer parts and fewer centres, as far as honest error allows; see `_compact`."""
        if self.copies or self.course.best is None:
            return
        start = self.course.start("compact")
        compactor = Compactor(self.goal, self.course.best, self.trainings, self.small, self.budget, self.seed, self.n_jobs, self.control)
        judged, note = compactor.smaller()
        if note:
            self.course.settle("compact", start, judged, note, kept=True)
        self.row_free = self.small and compactor.is_small(judged)

    def _fine_tune(self) -> None:
        """End-to-end training of the first trained kernel network; the result joins the stack."""
        start = self.course.start("fine-tuning")
        self.control.check()
        first = self.first
        assert first is not None
        settings = FineTuneSettings(epochs=self.preset.fine_tune_epochs)
        tuned = fine_tune_stage(
            transfer(first),
            lambda k: transfer(fold_model(self.sample, first, k)),
            self.sample,
            settings=settings,
            seed=self.seed,
            n_jobs=self.n_jobs,
            control=self.control,
        )
        network = cast(Motif, tuned.network)
        part = Part("fine-tuned network", tuned.oof, network, partial(numpy_of, network))
        judged = self.goal.judge([part, *self.parts])
        self.course.settle("fine-tuning", start, judged, f"{tuned.epochs} of {settings.epochs} epochs chosen by the fold networks")

    def _sup_norm(self) -> None:
        """A ReLU network for the largest error, in place of all others where its largest local error is the least."""
        start = self.course.start("sup-norm training")
        assert self.first is not None and self.course.best is not None
        trained = sup_norm_stage(self.sample, self.first, self.preset.convex, seed=self.seed, n_jobs=self.n_jobs, control=self.control)
        network = trained.network
        judged = self.goal.judge([Part("sup-norm network", trained.oof, network, partial(numpy_of, network))])
        before, after = (largest_local_error(self.sample, oof) for oof in (self.course.best.oof, trained.oof))
        note = f"radius {trained.radius:.2g}; largest local error {before:.3f} → {after:.3f} sd"
        self.course.settle("sup-norm training", start, judged, note, kept=after < before)
