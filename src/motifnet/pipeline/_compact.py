"""The compact network: the parts of a fit, and their centres, that lower the out-of-fold error.

1. Parts: in order of size, the largest first, a part is removed where the error without it is as
   good.
2. Centres: the profile of a trained kernel predicts a width N from dimension, smoothness and noise
   (`structure.kernel_width`). The out-of-fold error at N centres corrects it: N is halved while the
   error is as good, or doubled until it is, or does not promise to be.
3. Budget, where one is given and exceeded: the kernel of least error with the number of centres
   that it allows, together with a few small trees where these gain. Kernels of few centres
   represent jumps badly, and trees hold no row.

An error is "as good" if it is within `worth` of the error of all parts, and within `worth_upper`
when one standard error of the paired difference is added. Where the parts explain something beyond
doubt, but noise is nearly all of the error, it must also keep all but the share `MAX_LOST` of what
they explain. A small network holds no row of the table: parts whose centres are rows are removed,
and all other centres lie between rows (`training.with_centres`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from motifnet.engine import Control, Matrix
from motifnet.motifs import Distance, count_parameters
from motifnet.pipeline._goal import ClassificationGoal, Goal, RegressionGoal, ScoredCandidate, Trial
from motifnet.stacking import paired_difference
from motifnet.structure import KernelWidth, LogScale, Part, kernel_width, part_of
from motifnet.tables import Sample
from motifnet.teachers import BoostedTrees, RejectedEarly, Worth
from motifnet.training import CrossTuned, with_centres

# share of the error that a part, or half of the centres, must
# take off to stay: its mean, and its upper end
WORTH, WORTH_UPPER = 0.005, 0.02
CLASSES_WORTH = 0.002  # of a log loss, which is mostly noise
SMALL_WORTH, SMALL_WORTH_UPPER = 0.01, 0.04  # of a small network
SMALL_BUDGET = 16_000  # parameters: a file of less than 200 kB
TRIAL_FACTOR = 3  # times the tolerated loss on the rows of a trial is too much on all
MAX_LOST = 0.05  # share of what the parts explain beyond a constant
MAX_WHOLE = 20_000  # parameters; a smaller network keeps all its centres
MIN_CENTRES = 32
FIRST_CENTRES = 400  # at most, of a search: few cost next to nothing
# of predicted to present centres, above which half of them are too few; of many rows, of which a
# try takes long
MAX_RATIO, MAX_RATIO_OF_MANY = 4, 1
MANY_ROWS = 8_000
SMALL_TREES = BoostedTrees(learning_rate=0.08, leaves=8, max_trees=150, bagged=False)
GRAM_ROWS = 600  # for the prediction of a width


@dataclass(frozen=True)
class Training:
    """How a part was made: the sample that a kernel was trained on, the trained networks, the
    function that makes them a part, and the scale of the target. `at_rows`: its centres are rows,
    whatever their number.
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
        chosen = np.sort(np.random.default_rng([seed, 29]).permutation(self.sample.n)[:GRAM_ROWS])
        inner = self.fitted.models[0].inner
        Z = inner.warp(torch.as_tensor(self.sample.X[chosen]))
        return kernel_width(
            inner.gram(Z, Z).numpy(),
            inner.mapped(Z).numpy(),
            self.sample.y[chosen],
            inner.ridge,
            self.sample.n,
        )


@dataclass
class Compactor:
    """Makes a candidate smaller. `full`: all parts together, the reference of every comparison;
    `trainings`: by the names of the parts that have one.
    """

    goal: Goal
    full: ScoredCandidate
    trainings: dict[str, Training]
    small: bool
    budget: int | None
    seed: int
    n_jobs: int
    control: Control

    def smaller(self) -> tuple[ScoredCandidate, str]:
        """The compact network, and a note of the changes; an empty note where there are none."""
        best, free = self.full, self._row_free
        if self.small and any(part.name in self.trainings for part in free):
            best = self.goal.score(free)
        best, notes = self.fewer_parts(best), []
        if len(best.parts) < len(self.full.parts):
            kept = {part.name for part in best.parts}
            left_out = ", ".join(part.name for part in self.full.parts if part.name not in kept)
            notes.append(
                f"without {left_out}: error within {self.worth:.1%} of all parts"
                if self.as_good(best)
                else f"without {left_out}"
            )
        if self.small or self._size(best) > MAX_WHOLE:
            best, widths = self.fewer_centres(best)
            notes += widths
        if (budget := self._budget) is not None and self._size(best) > budget:
            best = self.within(best, budget)
            notes.append(
                f"{', '.join(part.name for part in best.parts)} for a budget of "
                f"{budget:,} parameters"
            )
        return best, "; ".join(notes)

    def is_small(self, scored: ScoredCandidate) -> bool:
        """Whether no centre is a row, and the size is within the budget."""
        free = not any(
            holds_rows(part) and part is one for part in scored.parts for one in self.full.parts
        )
        return (
            free
            and any(map(holds_rows, scored.parts))
            and (self._budget is None or self._size(scored) <= self._budget)
        )

    @property
    def _row_free(self) -> list[Part]:
        """The parts that hold no row, or can be made without rows."""
        at_rows = {name: training.at_rows for name, training in self.trainings.items()}
        return [
            part
            for part in self.full.parts
            if not holds_rows(part) or not at_rows.get(part.name, True)
        ]

    @property
    def worth(self) -> float:
        return (
            SMALL_WORTH
            if self.small
            else CLASSES_WORTH
            if isinstance(self.goal, ClassificationGoal)
            else WORTH
        )

    @property
    def worth_upper(self) -> float:
        return SMALL_WORTH_UPPER if self.small else WORTH_UPPER

    @property
    def _budget(self) -> int | None:
        budgets = [
            budget
            for budget in (self.budget, SMALL_BUDGET if self.small else None)
            if budget is not None
        ]
        return min(budgets, default=None)

    def _size(self, scored: ScoredCandidate) -> int:
        return count_parameters(self.goal.network(scored))

    def fewer_parts(self, best: ScoredCandidate) -> ScoredCandidate:
        """Remove the parts that gain too little, the largest first."""
        by_size = sorted(
            zip(best.parts, best.weights, strict=True),
            key=lambda pair: (pair[1].any(), -count_parameters(pair[0].network)),
        )
        for part, _ in by_size:
            fewer = [other for other in best.parts if other is not part]
            if not fewer:
                break
            self.control.check()
            scored = self.goal.score(fewer)
            if self.as_good(scored):
                best = scored
        return best

    def fewer_centres(self, best: ScoredCandidate) -> tuple[ScoredCandidate, list[str]]:
        """Give the trained kernels fewer centres, where the error stays as good; and notes of the
        predicted and the taken widths.
        """
        notes = []
        for part in sorted(best.parts, key=lambda part: -count_parameters(part.network)):
            training = self.trainings.get(part.name)
            if training is None or (training.centres < 2 * MIN_CENTRES and not self.small):
                continue
            width = training.width(self.seed)
            ratio = MAX_RATIO if training.sample.n < MANY_ROWS else MAX_RATIO_OF_MANY
            too_few = width.centres > ratio * training.centres and not self.small
            smaller = None if too_few else self._search(best, part, training, width.centres)
            taken = training.centres if smaller is None else smaller[1]
            if smaller is not None:
                best = smaller[0]
            elif self.small and self._size(best) <= SMALL_BUDGET:
                # else `within` has to make a smaller one
                best = self._replaced(best, part, self._make(training, training.centres - 1))
            notes.append(f"{part.name}: {width.sentence}; {taken:,} taken")
        return best, notes

    def _search(
        self, best: ScoredCandidate, part: Part, training: Training, predicted: int
    ) -> tuple[ScoredCandidate, int] | None:
        """The candidate with the fewest centres of a part that is as good, among the predicted
        number (`FIRST_CENTRES` where it is larger), its halves and its doubles; None where no
        number up to half of the present one is, or promises to be.
        """
        max_count, found, growing = training.centres // 2, None, None
        count = min(max(predicted, MIN_CENTRES), max_count, FIRST_CENTRES)
        losses = list[float]()
        while MIN_CENTRES <= count <= max_count:
            scored = self._with_count(best, part, training, count)
            good = scored is not None and self.as_good(scored)
            found = (scored, count) if scored is not None and good else found
            growing = not good if growing is None else growing
            losses.append(math.inf if scored is None else scored.error / self.full.error - 1)
            if good == growing or (growing and not promises(losses, 2 * self.worth)):
                break
            count = 2 * count if growing else count // 2
        return found

    def within(self, best: ScoredCandidate, budget: int) -> ScoredCandidate:
        """The kernel of least error within the budget, alone or with small trees; the candidate
        itself where there is none.
        """
        self.control.check()
        trees = part_of(
            "small trees",
            SMALL_TREES.fit(
                self.goal.sample, seed=self.seed, n_jobs=self.n_jobs, control=self.control
            ),
        )
        alone, joined = self._with_kernel([], budget), self._with_kernel([trees], budget)
        if joined is not None and (alone is None or joined.error <= (1 - WORTH) * alone.error):
            return joined
        return alone or best

    def _with_kernel(self, parts: list[Part], budget: int) -> ScoredCandidate | None:
        """The parts with the kernel that is best together with them, within the budget; None where
        there is no room.
        """
        found, room = [], budget - sum(count_parameters(part.network) for part in parts)
        for training in self.trainings.values():
            if room <= 0 or (self.small and training.at_rows):
                continue
            one = replace(
                training, fitted=replace(training.fitted, models=training.fitted.models[:1])
            )
            count = self._initial_count(one, room)
            scored = self.goal.score([self._make(one, count), *parts])
            while count > 1 and (size := self._size(scored)) > budget:
                count = min(count - 1, count * budget // size)
                scored = self.goal.score([self._make(one, count), *parts])
            if self._size(scored) <= budget:
                found.append(scored)
        return min(found, key=lambda scored: scored.error, default=None)

    def _initial_count(self, training: Training, budget: int) -> int:
        """About the number of centres that the budget has room for."""
        model = training.fitted.models[0]
        each = (
            model.centres.shape[1]
            * len({model.inner.kernel.norm(name) for name in model.inner.kernel.profiles})
            + model.dual.shape[1]
        )
        return max(1, min(len(model.centres) - 1, budget // each))

    def _make(self, training: Training, count: int, worth: Worth | None = None) -> Part:
        self.control.check()
        fitted = with_centres(
            training.sample,
            training.fitted,
            count,
            seed=self.seed,
            n_jobs=self.n_jobs,
            control=self.control,
            worth=worth,
        )
        return training.make(fitted)

    def _with_count(
        self, best: ScoredCandidate, part: Part, training: Training, count: int
    ) -> ScoredCandidate | None:
        """The candidate with `count` centres of a part; None where a trial finds these too few."""
        others = [other for other in best.parts if other is not part]

        def worth(oof: Matrix) -> bool:
            trial = Trial.of(self.goal, oof, training.log, self.seed)
            return trial.error(others, part) <= (1 + TRIAL_FACTOR * self.worth) * trial.error(
                best.parts
            )

        try:
            # a group average has more rows than the table
            same = training.sample.n == self.goal.sample.n
            tried = same and not training.at_rows and training.sample.folds.count > 1
            return self._replaced(best, part, self._make(training, count, worth if tried else None))
        except RejectedEarly:
            return None

    def _replaced(self, best: ScoredCandidate, part: Part, smaller: Part) -> ScoredCandidate:
        return self.goal.score([smaller if other is part else other for other in best.parts])

    def as_good(self, fewer: ScoredCandidate) -> bool:
        """Whether the error is within `worth` of the full one, with one standard error within
        `worth_upper`, and little of what the full one explains is lost.
        """
        weight, groups = self.goal.sample.weight, self.goal.sample.groups
        losses, of_full = self.goal.losses(fewer), self.goal.losses(self.full)
        worse, standard_error = paired_difference(losses, of_full, weight, groups)
        both = np.isfinite(losses) & np.isfinite(of_full)
        mean = float(np.average(of_full[both], weights=weight[both]))
        # the error is the root of a mean square, or the mean itself
        power = 2 if isinstance(self.goal, RegressionGoal) else 1
        explained, by_chance = paired_difference(self._of_constant, of_full, weight, groups)
        within = (
            fewer.error <= (1 + self.worth) * self.full.error
            and mean + worse + standard_error <= (1 + self.worth_upper) ** power * mean
        )
        return within and (explained <= 2 * by_chance or worse <= MAX_LOST * explained)

    @cached_property
    def _of_constant(self) -> Matrix:
        """The losses of the best constant."""
        part = self.full.parts[0]
        return self.goal.losses(self.goal.score([replace(part, oof=0 * part.oof)]))


def promises(losses: list[float], most: float) -> bool:
    """Whether the next double of the centres may lose at most that share of the error, if the loss
    falls by the factor by which the last double lowered it.
    """
    before, last = losses[-2:] if len(losses) > 1 else (math.inf, losses[-1])
    return not 0 < before < math.inf or last**2 / before <= most


def holds_rows(part: Part) -> bool:
    """Whether the part measures distances to centres, which are rows unless `with_centres` placed
    them between rows.
    """
    return any(isinstance(motif, Distance) for motif in part.network.modules())
