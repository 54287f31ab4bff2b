"""A run of the pipeline: its state, and the operations that its stages share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from motifnet.engine import Control, LedgerRow
from motifnet.pipeline._compact import Training
from motifnet.pipeline._goal import Goal, ScoredCandidate, Trial
from motifnet.pipeline._history import History
from motifnet.pipeline._presets import Preset
from motifnet.structure import InputLayer, LogScale, Part, Prescriber, Profile, part_of
from motifnet.tables import Sample
from motifnet.teachers import EstimatorTeacher, FittedKernel, FittedLinear, RejectedEarly, Worth
from motifnet.training import (
    Blocks,
    CrossTuned,
    FeatureLayers,
    FeatureSettings,
    Start,
    cross_tune,
    predicted_blocks,
)

MAX_PARAMETERS = 60_000  # in the centres of parallel networks, where a training ends in several


@dataclass
class Run:
    """The state of one run.

    Settings: `teacher` is transferred and retrained in place of the library's own kernel ridge.
    `units` is the input layer of a kernel branch added to it, None where rows are standardised.
    `copies`: a training ends in one network a fold, not in the number that theory predicts.
    `small`: no centre may be a row of the table. `budget`: maximum number of parameters. `names`:
    the encoded columns. `monotone`: the columns of the table with a sign, `signs` those of the
    encoded ones; empty without conditions.

    State: `screen` is the input layer of a wide table, before all kernels; `input_layer` that of
    the `first` training. `scales` of the target with their convex fits. `trainings` of the trained
    kernels by the names of their parts. `blocks`, `rounds`, `log_loss`: the last training's number
    of networks, number of rounds, and whether its loss was the log loss. `rejected`: kinds of base
    models that ended with their trial. `row_free`: whether a `small` run reached its aim.
    """

    sample: Sample
    goal: Goal
    preset: Preset
    seed: int
    n_jobs: int
    control: Control
    history: History
    log: LogScale | None = None
    teacher: EstimatorTeacher | None = None
    units: InputLayer | None = None
    input_layer: InputLayer | None = None
    screen: InputLayer | None = None
    copies: bool = False
    small: bool = False
    budget: int | None = None
    prescriber: Prescriber | None = None
    profile: Profile | None = None
    names: tuple[str, ...] = ()
    signs: tuple[int, ...] = ()
    monotone: Mapping[str, int] = field(default_factory=dict)
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
        """All parts of the run."""
        return [*self.kernels, *self.others]

    def scale_of(self, number: int) -> tuple[LogScale | None, FittedKernel]:
        """The scale of the target for a later training or base model, and the convex fit on it: the
        scales take turns.
        """
        return self.scales[number % len(self.scales)]

    @property
    def trained(self) -> CrossTuned | None:
        """The first training, if its input is the encoded rows or the columns of the screen."""
        return self.first if self.input_layer is self.screen else None

    def transformed(self, log: LogScale | None = None) -> Sample:
        """The sample of the first training, or the same rows on another scale of the target."""
        sample = self.sample if log is None else log.sample
        return sample if self.input_layer is None else self.input_layer.transform(sample)

    def part(
        self, name: str, fitted: FittedKernel | CrossTuned, log: LogScale | None = None
    ) -> Part:
        """The part of a model that was fitted after the input layer."""
        return part_of(name, fitted, log, self.input_layer)

    def record(self, stage: str, start: float, note: str, alone: ScoredCandidate) -> None:
        """Enter a stage by the error of all parts together; the note adds the error of its own
        parts `alone` where there are others.
        """
        together = self.goal.score(self.parts) if len(self.parts) > len(alone.parts) else alone
        self.history.record(
            stage,
            start,
            together,
            note if together is alone else f"{note}; alone {alone.error:.4g}",
        )

    def keep(
        self,
        sample: Sample,
        fitted: CrossTuned,
        make: Callable[[CrossTuned], Part],
        log: LogScale | None = None,
    ) -> Part:
        """The part of a training, which is kept so that the part can be made again."""
        part = make(fitted)
        self.trainings[part.name] = Training(sample, fitted, make, log)
        return part

    def train(
        self,
        sample: Sample,
        starts: Sequence[Start],
        settings: FeatureSettings,
        number: int,
        worth: Worth | None = None,
    ) -> CrossTuned:
        """Learn features from the starts of the folds. Raises `RejectedEarly` where a trial is not
        `worth` the other folds.
        """
        self.blocks = None
        copies = sample.folds.count if self.copies else partial(self._in_parallel, sample, settings)
        fitted = cross_tune(
            sample,
            starts,
            settings,
            seed=self.seed,
            number=number,
            n_jobs=self.n_jobs,
            control=self.control,
            copies=copies,
            worth=worth,
        )
        self.rounds, self.log_loss = fitted.rounds, fitted.log_loss
        return fitted

    def gains(self, log: LogScale | None, share: float) -> Worth | None:
        """Whether the tried part takes at least a share off the error of all parts; None where
        there are no parts.
        """
        return self._trial_rule(
            log,
            lambda trial, parts: trial.error(parts, parts[0]) <= (1 - share) * trial.error(parts),
        )

    def near(self, log: LogScale | None, ratio: float) -> Worth | None:
        """Whether the error of the tried part alone is at most `ratio` times that of all parts;
        None where there are no parts.
        """
        return self._trial_rule(
            log, lambda trial, parts: trial.error([], parts[0]) <= ratio * trial.error(parts)
        )

    def _trial_rule(
        self, log: LogScale | None, rule: Callable[[Trial, list[Part]], bool]
    ) -> Worth | None:
        parts = self.parts
        return (
            (lambda oof: rule(Trial.of(self.goal, oof, log, self.seed), parts)) if parts else None
        )

    def reject(self, stage: str, start: float, early: RejectedEarly, log: LogScale | None) -> None:
        """Enter a stage that ended with its trial. Its error is that of the best candidate times
        the ratio by which its part changes the error in the trial.
        """
        assert self.history.best is not None
        trial, parts = Trial.of(self.goal, early.oof, log, self.seed), self.parts
        alone = trial.error([], parts[0])
        joined = trial.error(parts, parts[0])
        without = trial.error(parts)
        error = self.history.best.error * joined / max(without, 1e-300)
        note = (
            f"{early}: there {alone:.4g} alone, {joined:.4g} together with all parts, "
            f"{without:.4g} without it"
        )
        self.history.enter(LedgerRow(stage, time.monotonic() - start, error, 0, False, note))

    def _in_parallel(
        self, sample: Sample, settings: FeatureSettings, inner: Sequence[FeatureLayers]
    ) -> int:
        """The number of networks that a training ends in: the number that theory predicts, as long
        as they are small together.
        """
        max_count = MAX_PARAMETERS // (
            settings.capacity.centres(sample.n) * (2 * sample.X.shape[1] + sample.y.shape[1])
        )
        if max_count < 2:
            return 1
        self.blocks = predicted_blocks(sample, inner, self.seed, max_count)
        return self.blocks.taken

    def describe(self, settings: FeatureSettings, starts: Sequence[Start] = ()) -> str:
        """The last training, as a note of the ledger."""
        blocks = f"; {self.blocks.sentence}" if self.blocks else ""
        profiles = starts[-1].kernel.profiles if starts else settings.profiles
        rounds = (
            f"{self.rounds} of {settings.rounds} rounds of {settings.steps} steps"
            if settings.rounds > 1
            else f"{settings.steps} steps"
        )
        loss, count = "; under the log loss" if self.log_loss else "", self.sample.folds.count
        return (
            f"{rounds} a fold, {count} fold{'s' if count > 1 else ''}; depth {settings.depth}; "
            f"{', '.join(profiles)}{loss}{blocks}"
        )
