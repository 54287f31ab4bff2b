"""The compact network: of the parts that a fit ends with those that are worth their place, and of their centres as many as honest error asks for.

1. Parts: the largest first, one is left out where the error without it is as good.
2. Centres: the profile of a trained kernel predicts a width N from dimension, smoothness and noise (`profiling.kernel_width`). Out-of-fold error at N
   centres corrects it: halved while the error is as good, doubled until it is.
3. A budget, where one is given and not kept: the kernel of the least error with as many centres as it allows, beside a few small trees where these
   are worth it: kernels of few centres follow jumps badly, and trees hold no row.

"As good" is within `worth` of the error of all parts, and within `sure` even if it is a standard error of the paired difference larger. Where the
parts explain something for sure, but noise is nearly all of the error, it keeps all but the share `LOST` of what they explain. A small network holds
no row of the table: parts whose centres are rows are left out, and all its centres lie between rows (`retrain.with_centres`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from motifnet.engine import Control
from motifnet.estimators._goal import ClassificationGoal, Goal, Judged, RegressionGoal
from motifnet.estimators._trial import Trial
from motifnet.motifs import Distance, count_parameters
from motifnet.profiling import KernelWidth, kernel_width
from motifnet.retrain import CrossTuned, with_centres
from motifnet.stacking import paired_difference
from motifnet.structure import LogScale, Part, part_of
from motifnet.tables import Matrix, Sample
from motifnet.teachers import BoostedTrees, RejectedEarly, Worth

WORTH, SURE = 0.005, 0.02  # of the error: what a part or a half of the centres must be worth to stay, in the mean and at most
CLASSES_WORTH = 0.002  # of a log loss, of which noise is most
SMALL_WORTH, SMALL_SURE, SMALL_BUDGET = 0.01, 0.04, 16_000  # of a small network: with what else it holds, a file of less than 200 kB
TRIAL = 3  # times that much on the rows of a trial is too much on all
LOST = 0.05  # of the loss of a constant less that of all parts
LITTLE = 20_000  # parameters; a network of fewer keeps all its centres
LEAST = 32  # centres
FAR = 4  # times the centres that there are: where theory asks for more, half of them are too few
SMALL_TREES = BoostedTrees(learning_rate=0.08, leaves=8, max_trees=150, bagged=False)
LOOKED_AT = 600  # rows whose Gram matrix is read


@dataclass(frozen=True)
class Training:
    """What a part was made of: the sample that a kernel was trained on, the trained networks, how these become a part, and the scale of the target;
    `at_rows`: whether its centres are rows, however few they are.
    """

    sample: Sample
    fitted: CrossTuned
    make: Callable[[CrossTuned], Part]
    log: LogScale | None = None
    at_rows: bool = False

    @property
    def centres(self) -> int:
        return max(len(model.centres) for model in self.fitted.models)

    def width(self, seed: int) -> KernelWidth:
        """The number of centres that theory predicts."""
        some = np.sort(np.random.default_rng([seed, 29]).permutation(self.sample.n)[:LOOKED_AT])
        inner = self.fitted.models[0].inner
        Z = inner.warp(torch.as_tensor(self.sample.X[some]))
        return kernel_width(inner.gram(Z, Z).numpy(), inner.mapped(Z).numpy(), self.sample.y[some], inner.ridge, self.sample.n)


@dataclass
class Compactor:
    """`full`: all parts together, which every smaller network is compared with; `trainings`: by the names of the parts that have one."""

    goal: Goal
    full: Judged
    trainings: dict[str, Training]
    small: bool
    budget: int | None
    seed: int
    n_jobs: int
    control: Control

    def smaller(self) -> tuple[Judged, str]:
        """The compact network, and what was done to the full one; no note where nothing was."""
        best, free = self.full, self._row_free
        if self.small and any(part.name in self.trainings for part in free):
            best = self.goal.judge(free)
        best, notes = self.fewer_parts(best), []
        if len(best.parts) < len(self.full.parts):
            kept = {part.name for part in best.parts}
            left_out = ", ".join(part.name for part in self.full.parts if part.name not in kept)
            notes.append(f"without {left_out}: error within {self.worth:.1%} of all parts" if self.as_good(best) else f"without {left_out}")
        if self.small or self._size(best) > LITTLE:
            best, widths = self.fewer_centres(best)
            notes += widths
        if (budget := self._budget) is not None and self._size(best) > budget:
            best = self.within(best, budget)
            notes.append(f"{', '.join(part.name for part in best.parts)} for a budget of {budget:,} parameters")
        return best, "; ".join(notes)

    def is_small(self, judged: Judged) -> bool:
        """Whether no centre is a row, and the budget is kept."""
        free = not any(holds_rows(part) and part is one for part in judged.parts for one in self.full.parts)
        return free and any(map(holds_rows, judged.parts)) and (self._budget is None or self._size(judged) <= self._budget)

    @property
    def _row_free(self) -> list[Part]:
        """The parts that hold no row, or need not."""
        at_rows = {name: training.at_rows for name, training in self.trainings.items()}
        return [part for part in self.full.parts if not holds_rows(part) or not at_rows.get(part.name, True)]

    @property
    def worth(self) -> float:
        return SMALL_WORTH if self.small else CLASSES_WORTH if isinstance(self.goal, ClassificationGoal) else WORTH

    @property
    def sure(self) -> float:
        return SMALL_SURE if self.small else SURE

    @property
    def _budget(self) -> int | None:
        budgets = [budget for budget in (self.budget, SMALL_BUDGET if self.small else None) if budget is not None]
        return min(budgets, default=None)

    def _size(self, judged: Judged) -> int:
        return count_parameters(self.goal.network(judged))

    def fewer_parts(self, best: Judged) -> Judged:
        """Without the parts that are worth too little, the largest first."""
        by_size = sorted(zip(best.parts, best.weights, strict=True), key=lambda pair: (pair[1].any(), -count_parameters(pair[0].network)))
        for part, _ in by_size:
            fewer = [other for other in best.parts if other is not part]
            if not fewer:
                break
            self.control.check()
            judged = self.goal.judge(fewer)
            if self.as_good(judged):
                best = judged
        return best

    def fewer_centres(self, best: Judged) -> tuple[Judged, list[str]]:
        """The trained kernels with fewer centres, where the error stays as good; and notes of the widths predicted and taken."""
        notes = []
        for part in sorted(best.parts, key=lambda part: -count_parameters(part.network)):
            training = self.trainings.get(part.name)
            if training is None or (training.centres < 2 * LEAST and not self.small):
                continue
            width = training.width(self.seed)
            too_few = width.centres > FAR * training.centres and not self.small
            smaller = None if too_few else self._search(best, part, training, width.centres)
            taken = training.centres if smaller is None else smaller[1]
            if smaller is not None:
                best = smaller[0]
            elif self.small and self._size(best) <= SMALL_BUDGET:  # else `within` has to make a smaller one
                best = self._with(best, part, self._made(training, training.centres - 1))
            notes.append(f"{part.name}: {width.sentence}; {taken:,} taken")
        return best, notes

    def _search(self, best: Judged, part: Part, training: Training, predicted: int) -> tuple[Judged, int] | None:
        """A part with the fewest centres among the prediction, its halves and its doubles beside the others; None where only all of them do."""
        most, found, growing = training.centres // 2, None, None
        count = min(max(predicted, LEAST), most)
        while LEAST <= count <= most:
            judged = self._tried(best, part, training, count)
            good = judged is not None and self.as_good(judged)
            found = (judged, count) if judged is not None and good else found
            growing = not good if growing is None else growing
            if good == growing or (count == most and predicted > 2 * most):  # theory asks for far more than half of what is left
                break
            count = 2 * count if growing else count // 2
        return found

    def within(self, best: Judged, budget: int) -> Judged:
        """The kernel of the least error within the budget, alone or beside small trees; the network as it is where there is none."""
        self.control.check()
        trees = part_of("small trees", SMALL_TREES.fit(self.goal.sample, seed=self.seed, n_jobs=self.n_jobs, control=self.control))
        alone, beside = self._with_kernel([], budget), self._with_kernel([trees], budget)
        if beside is not None and (alone is None or beside.error <= (1 - WORTH) * alone.error):
            return beside
        return alone or best

    def _with_kernel(self, parts: list[Part], budget: int) -> Judged | None:
        """The parts and the kernel that is best beside them, together within the budget; None where there is no room."""
        found, room = [], budget - sum(count_parameters(part.network) for part in parts)
        for training in self.trainings.values():
            if room <= 0 or (self.small and training.at_rows):
                continue
            one = replace(training, fitted=replace(training.fitted, models=training.fitted.models[:1]))
            count = self._first(one, room)
            judged = self.goal.judge([self._made(one, count), *parts])
            while count > 1 and (size := self._size(judged)) > budget:
                count = min(count - 1, count * budget // size)
                judged = self.goal.judge([self._made(one, count), *parts])
            if self._size(judged) <= budget:
                found.append(judged)
        return min(found, key=lambda judged: judged.error, default=None)

    def _first(self, training: Training, budget: int) -> int:
        """About as many centres as the budget has room for."""
        model = training.fitted.models[0]
        each = model.centres.shape[1] * len({model.inner.kernel.norm(name) for name in model.inner.kernel.profiles}) + model.dual.shape[1]
        return max(1, min(len(model.centres) - 1, budget // each))

    def _made(self, training: Training, count: int, worth: Worth | None = None) -> Part:
        self.control.check()
        fitted = with_centres(training.sample, training.fitted, count, seed=self.seed, n_jobs=self.n_jobs, control=self.control, worth=worth)
        return training.make(fitted)

    def _tried(self, best: Judged, part: Part, training: Training, count: int) -> Judged | None:
        """All parts, this one with `count` centres; None where a trial says that these are too few."""
        others = [other for other in best.parts if other is not part]

        def worth(oof: Matrix) -> bool:
            trial = Trial.of(self.goal, oof, training.log, self.seed)
            return trial.error(others, part) <= (1 + TRIAL * self.worth) * trial.error(best.parts)

        try:
            tried = not training.at_rows and training.sample.n == self.goal.sample.n  # an orbit has more rows than the table
            return self._with(best, part, self._made(training, count, worth if tried else None))
        except RejectedEarly:
            return None

    def _with(self, best: Judged, part: Part, smaller: Part) -> Judged:
        return self.goal.judge([smaller if other is part else other for other in best.parts])

    def as_good(self, fewer: Judged) -> bool:
        """Whether the error is within `worth` of the full one, surely within `sure`, and little of what the full one explains is lost."""
        weight, groups = self.goal.sample.weight, self.goal.sample.groups
        losses, of_full = self.goal.losses(fewer), self.goal.losses(self.full)
        worse, standard_error = paired_difference(losses, of_full, weight, groups)
        both = np.isfinite(losses) & np.isfinite(of_full)
        mean = float(np.average(of_full[both], weights=weight[both]))
        power = 2 if isinstance(self.goal, RegressionGoal) else 1  # the error is the root of a mean square, or the mean itself
        explained, by_chance = paired_difference(self._of_constant, of_full, weight, groups)
        within = fewer.error <= (1 + self.worth) * self.full.error and mean + worse + standard_error <= (1 + self.sure) ** power * mean
        return within and (explained <= 2 * by_chance or worse <= LOST * explained)

    @cached_property
    def _of_constant(self) -> Matrix:
        """The losses of the best constant."""
        part = self.full.parts[0]
        return self.goal.losses(self.goal.judge([replace(part, oof=0 * part.oof)]))


def holds_rows(part: Part) -> bool:
    """Whether it measures distances, to centres that are rows unless they were made to lie between them."""
    return any(isinstance(motif, Distance) for motif in part.network.modules())
