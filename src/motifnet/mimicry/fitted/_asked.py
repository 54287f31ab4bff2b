"""The columns that trees ask about (teachers/_questions.py) as a network, put before the trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from motifnet.mimicry._affine import tensor
from motifnet.mimicry._trees import tree_network
from motifnet.mimicry.fitted._parts import beside
from motifnet.motifs import Chain, Fill, Lookup, Motif, Piecewise, Select
from motifnet.teachers import KINDS, Forest, Member, Nodes, Questions, rounded_threshold

_NO_LEVEL = -0.5
_FILLS = (None, -np.inf, 0.0)  # of the kinds of comparisons


def asked_networks(forests: Sequence[Forest], questions: Questions, single: bool = False, whole: bool = False) -> list[Motif]:
    """The columns that the forests ask about, then the forests, side by side.

    single: rows and sums are rounded to float32. whole: levels are whole numbers that any number is cut off to, 1.7 to 1.
    """
    used = np.unique(np.concatenate([f.feature[f.left != np.arange(len(f.left))] for f in forests]))
    if not (used >= questions.width).any():
        return [beside([tree_network(forest, single) for forest in forests])]
    blocks, order = _numeric(used, questions.width)
    for column, asked in _by_column(used, questions).items():
        members = [member for _, member in asked]
        front = [_cut_off(_levels(members), single)] if whole else []
        blocks.append(Chain([Select([column]), *front, _lookup(members)]))
        order += [number for number, _ in asked]
    place = np.zeros(used.max() + 1, dtype=np.int64)
    place[order] = np.arange(len(order))
    moved = [replace(f, feature=place[np.minimum(f.feature, used.max())]) for f in forests]
    return [beside(blocks), beside([tree_network(forest, single) for forest in moved])]


def _numeric(used: Nodes, width: int) -> tuple[list[Motif], list[int]]:
    """A block of columns for each way to treat missing values, and the numbers of the columns."""
    blocks: list[Motif] = []
    for kind, fill in enumerate(_FILLS):
        columns = [int(j) - kind * width for j in used if j // width == kind]
        if columns:
            chosen = Select(columns)
            blocks.append(chosen if fill is None else Chain([chosen, Fill(tensor(np.full(len(columns), fill)))]))
    return blocks, [int(j) for j in used if j < KINDS * width]


def _by_column(used: Nodes, questions: Questions) -> dict[int, list[tuple[int, Member]]]:
    """Questions of membership and their numbers, by the column that they are about."""
    members, found = list(questions.members), dict[int, list[tuple[int, Member]]]()
    for number in (int(j) for j in used if j >= KINDS * questions.width):
        member = members[number - KINDS * questions.width]
        found.setdefault(member.column, []).append((number, member))
    return found


def _lookup(asked: Sequence[Member]) -> Motif:
    """0 where a level goes to the left, else 1: a column for each question."""
    levels = _levels(asked)
    table = np.ones((len(levels) + 2, len(asked)))
    for k, member in enumerate(asked):
        to_left = [level in member.left or (member.unseen and level not in member.right) for level in levels]
        table[:, k] = 1.0 - np.array([*to_left, member.unseen, member.missing], dtype=np.float64)
    return Lookup(tensor(levels), tensor(table))


def _levels(asked: Sequence[Member]) -> list[float]:
    return sorted(frozenset().union(*(member.left | member.right for member in asked)))


def _cut_off(levels: Sequence[float], single: bool) -> Motif:
    """The level k of a number in [k, k + 1), and between −1 and 0 that of 0 as C++ cuts off; no level elsewhere, NaN for NaN.

    single: the number is rounded to float32 first, which takes those just below k to k, and negative ones have no level.
    """
    starts = {k + 1: _NO_LEVEL for k in levels} | {k: k for k in levels}
    if not single and 0.0 in starts:
        starts = {np.nextafter(-1.0, 0.0): 0.0, **starts}
    places = np.array(sorted(starts))
    values = np.array([_NO_LEVEL, *(starts[place] for place in places)])
    if single:
        places = np.nextafter(rounded_threshold(np.nextafter(places.astype(np.float32), np.float32(-np.inf)).astype(np.float64)), np.inf)
    coefficients = np.stack([values, np.zeros(len(values))], axis=1)[None, :, :, None]
    return Piecewise(tensor(np.concatenate([places[:1] - 1, places])[None]), tensor(coefficients), "left")
