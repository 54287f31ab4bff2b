"""A run of the pipeline: what it has so far, and what its stages share."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from motifnet.engine import Control, LedgerRow
from motifnet.estimators._compact import Training
from motifnet.estimators._course import Course
from motifnet.estimators._goal import Goal, Judged
from motifnet.estimators._presets import Preset
from motifnet.estimators._trial import Trial
from motifnet.profiling import Profile
from motifnet.retrain import Blocks, CrossTuned, InnerLayers, InnerSettings, Start, cross_tune, predicted_blocks
from motifnet.structure import Front, LogScale, Part, Prescriber, part_of
from motifnet.tables import Sample
from motifnet.teachers import EstimatorTeacher, FittedKernel, FittedLinear, RejectedEarly, Worth

MAX_PARALLEL = 60_000  # parameters of the centres of all networks that a training ends in, where these are more than one


@dataclass
class Run:
    """One run of the pipeline and what it has so far.

    `teacher`: what is transferred and retrained in place of the library's own kernel ridge. `units`: what stands before a kernel branch beside it,
    None where rows are standardised. `front`: what stands before the kernel of the `first` training; `screen`: that of a wide table, before all
    kernels. `copies`: one network a fold, not as many as theory predicts. `small`: no row of the table may be a centre, nor the network larger than
    that of a `budget` of parameters; `row_free`: whether this came true. `scales`: those of the target, with their convex fits. `names`: of the
    encoded columns. `trainings`: of the parts that are trained kernels, by name. `blocks`, `rounds`: in how many networks the last training ended,
    and after how many rounds; `log_loss`: whether it was under the log loss.
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
    screen: Front | None = None
    copies: bool = False
    small: bool = False
    budget: int | None = None
    prescriber: Prescriber | None = None
    profile: Profile | None = None
    names: tuple[str, ...] = ()
    kernels: list[Part] = field(default_factory=list)
    others: list[Part] = field(default_factory=list)
    convex: FittedKernel | None = None
    linear: FittedLinear | None = None
    scales: list[tuple[LogScale | None, FittedKernel]] = field(default_factory=list)
    first: CrossTuned | None = None
    trainings: dict[str, Training] = field(default_factory=dict)
    row_free: bool = False
    blocks: Blocks | None = None
    rounds: int = 1
    log_loss: bool = False
    rejected: set[tuple[type, bool]] = field(default_factory=set)
    stopped: bool = False

    @property
    def parts(self) -> list[Part]:
        """All parts so far."""
        return [*self.kernels, *self.others]

    def scale_of(self, number: int) -> tuple[LogScale | None, FittedKernel]:
        """The scale of the target that a further training or model takes, with the convex fit on it: they take turns."""
        return self.scales[number % len(self.scales)]

    @property
    def trained(self) -> CrossTuned | None:
        """The first training, where it is of the encoded rows themselves, or of those columns that the screen keeps."""
        return self.first if self.front is self.screen else None

    def behind_front(self, log: LogScale | None = None) -> Sample:
        """The sample that the first training sees, or one on another scale of the target."""
        sample = self.sample if log is None else log.sample
        return sample if self.front is None else self.front.behind(sample)

    def part(self, name: str, fitted: FittedKernel | CrossTuned, log: LogScale | None = None) -> Part:
        """The part of what was fitted behind the front."""
        return part_of(name, fitted, log, self.front)

    def settle(self, stage: str, start: float, note: str, alone: Judged) -> None:
        """Enter a stage by the error of all parts together; that of its own parts `alone` is noted where there are others."""
        together = self.goal.judge(self.parts) if len(self.parts) > len(alone.parts) else alone
        self.course.settle(stage, start, together, note if together is alone else f"{note}; alone {alone.error:.4g}")

    def keep(self, sample: Sample, fitted: CrossTuned, make: Callable[[CrossTuned], Part], log: LogScale | None = None) -> Part:
        """The part of a training; how to make it again is kept."""
        part = make(fitted)
        self.trainings[part.name] = Training(sample, fitted, make, log)
        return part

    def train(self, sample: Sample, starts: Sequence[Start], settings: InnerSettings, number: int, worth: Worth | None = None) -> CrossTuned:
        """Feature learning from the starts of the folds. Raises `RejectedEarly` where a trial is not `worth` the other folds."""
        self.blocks = None
        copies = sample.folds.count if self.copies else partial(self._in_parallel, sample, settings)
        jobs, control = self.n_jobs, self.control
        fitted = cross_tune(sample, starts, settings, seed=self.seed, number=number, n_jobs=jobs, control=control, copies=copies, worth=worth)
        self.rounds, self.log_loss = fitted.rounds, fitted.log_loss
        return fitted

    def gains(self, log: LogScale | None, least: float) -> Worth | None:
        """Whether the part that a trial is of takes the share `least` off the error of all parts so far; None where there are no parts."""
        return self._judged(log, lambda trial, parts: trial.error(parts, parts[0]) <= (1 - least) * trial.error(parts))

    def near(self, log: LogScale | None, most: float) -> Worth | None:
        """Whether the part that a trial is of has alone at most that many times the error of all parts so far; None where there are no parts."""
        return self._judged(log, lambda trial, parts: trial.error([], parts[0]) <= most * trial.error(parts))

    def _judged(self, log: LogScale | None, passes: Callable[[Trial, list[Part]], bool]) -> Worth | None:
        parts = self.parts
        return (lambda oof: passes(Trial.of(self.goal, oof, log, self.seed), parts)) if parts else None

    def reject(self, stage: str, start: float, early: RejectedEarly, log: LogScale | None) -> None:
        """Enter a stage that ended with its trial. Its error is that of all parts so far, in the ratio in which its part changes it in the trial."""
        assert self.course.best is not None
        trial, parts = Trial.of(self.goal, early.oof, log, self.seed), self.parts
        alone, beside, without = trial.error([], parts[0]), trial.error(parts, parts[0]), trial.error(parts)
        error = self.course.best.error * beside / max(without, 1e-300)
        note = f"{early}: there {alone:.4g} alone, {beside:.4g} beside all parts, {without:.4g} without it"
        self.course.enter(LedgerRow(stage, time.monotonic() - start, error, 0, False, note))

    def _in_parallel(self, sample: Sample, settings: InnerSettings, inner: Sequence[InnerLayers]) -> int:
        """In how many networks a training ends: as many as theory predicts, while they are small together."""
        most = MAX_PARALLEL // (settings.capacity.centres(sample.n) * (2 * sample.X.shape[1] + sample.y.shape[1]))
        if most < 2:
            return 1
        self.blocks = predicted_blocks(sample, inner, self.seed, most)
        return self.blocks.taken

    def describe(self, settings: InnerSettings, starts: Sequence[Start] = ()) -> str:
        """The last training as the ledger has it."""
        blocks = f"; {self.blocks.sentence}" if self.blocks else ""
        profiles = starts[-1].kernel.profiles if starts else settings.profiles
        rounds = f"{self.rounds} of {settings.rounds} rounds of {settings.steps} steps" if settings.rounds > 1 else f"{settings.steps} steps"
        loss, count = "; under the log loss" if self.log_loss else "", self.sample.folds.count
        return f"{rounds} a fold, {count} fold{'s' if count > 1 else ''}; depth {settings.depth}; {', '.join(profiles)}{loss}{blocks}"
