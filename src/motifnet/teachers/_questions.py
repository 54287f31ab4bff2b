"""What trees ask about a row, written as columns of numbers: a comparison that knows where missing values go, membership in a set of levels.

A node of `Forest` compares one number with a threshold. So a question about column j becomes a question about a column that is made from it:

    missing to the right     x_j as it is, as NaN ≤ t is false      missing to the left    x_j, −∞ for missing      missing is 0    x_j, 0 for missing
    x_j in S, to the left    0 where it is in S, else 1, compared with ½

Column numbers: kind · width + j for the first three, 3 · width + k for the k-th set.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from motifnet.teachers._forest import Nodes

RIGHT, LEFT, ZERO = range(3)
KINDS = 3
_MEMBER = 0.5


Levels = frozenset[float]


def levels_of(words: Iterable[int]) -> Levels:
    """Whole numbers whose bit is set in words of 32 bits."""
    return frozenset(float(32 * w + bit) for w, word in enumerate(words) for bit in range(32) if int(word) >> bit & 1)


@dataclass(frozen=True)
class Member:
    """Levels of a column that go to the left, and to the right; `missing` and `unseen`: whether those go to the left."""

    column: int
    left: Levels
    right: Levels = frozenset()
    missing: bool = False
    unseen: bool = False


@dataclass
class Questions:
    """Questions about rows with `width` columns, numbered as they come."""

    width: int
    members: dict[Member, int] = field(default_factory=dict)

    def numeric(self, feature: Nodes, missing: Nodes) -> Nodes:
        """Columns of comparisons, with one of the kinds above for each."""
        return np.asarray(missing * self.width + feature, dtype=np.int64)

    def member(self, question: Member) -> tuple[int, float]:
        """Column and threshold of membership."""
        return KINDS * self.width + self.members.setdefault(question, len(self.members)), _MEMBER
