"""A-iii, invariance: may columns be exchanged, shifted or flipped without a change of the target? (Sannai, Imaizumi and Kawano 2021)

A group G makes n rows worth |G| n. It is taken where it is useful (at 5 % over all candidates and both readings) and where the test of its truth
does not contradict it; a user's group is tested alone. The front of the network is then a layer of functions that do
not change under it, or for several targets one network for all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.profiling._candidates import candidates
from motifnet.profiling._exponents import smooth_exponent
from motifnet.profiling._finding import LEVEL, Finding, unreliable
from motifnet.profiling._group import PRESETS, Group
from motifnet.profiling._rows import FEW_ROWS, Rows
from motifnet.profiling._screen import plainly_broken
from motifnet.profiling._symmetry import Reading, Symmetry, judge_equivariance, judge_invariance
from motifnet.tables import Matrix

MOST_ROWS, MOST_IN_FIT = 600, 2  # rows, and groups that a fit has the time for
NAME, UNIT = "invariance", "squared error, plain over invariant"
NOTHING = "No two columns are alike enough to be exchanged, and none is symmetric about 0."
Blocks = Sequence[Sequence[str]]


def invariance(rows: Rows, symmetry: Mapping[str, Blocks] | None = None, *, layers_only: bool = False) -> Finding:
    """The most useful group; `symmetry` maps permutations, cyclic or flips to blocks of column names, to test that group and no other.

    `layers_only`: no groups but those that a layer of a network carries out, and none that least squares contradict beyond doubt.
    """
    rows = rows.first(MOST_ROWS)
    raw = rows.centre + rows.unit * rows.X
    numeric = [int(j) for j in np.flatnonzero(rows.numeric)]
    if layers_only and rows.classes and rows.y.shape[1] > 1:
        return unreliable(NAME, UNIT, "Several classes have no symmetry that a layer carries out.", "not applicable")
    groups = candidates(raw, numeric, lambda: rows.prior.scale.numpy()) if symmetry is None else _named(rows, symmetry)
    if layers_only:
        groups = [group for group in groups if group.is_layer]
        broken = [g for g in groups if rows.y.shape[1] == 1 and plainly_broken(g, _common(g, rows, raw), rows.y[:, 0])]
        if groups and len(broken) == len(groups):
            return unreliable(NAME, UNIT, "Every exchange and change of sign that columns allow plainly changes the target.", "broken")
        whole = {group.blocks for group in groups if group.kind == "permutations" and group not in broken}
        groups = [g for g in groups if g not in broken and (g.kind != "cyclic" or g.blocks not in whole)][:MOST_IN_FIT]
    if not groups or len(raw) < FEW_ROWS:
        return unreliable(NAME, UNIT, NOTHING, "no candidate")
    tests = _judge(rows, groups, raw)
    if not tests:
        return unreliable(NAME, UNIT, NOTHING, "no candidate")
    taken = [t for t in tests if t.p_useful * len(tests) <= LEVEL and t.p_true > LEVEL]
    if not taken:
        best = max(tests, key=lambda t: t.z)
        useful, true = best.p_useful * len(tests) <= LEVEL, best.p_true > LEVEL
        verdict = "useful, but not true" if useful else "not contradicted, but not useful" if true else "broken"
        sentence = f"No symmetry is both useful and true; {_title(rows, best)} is {verdict}: columns keep their roles."
        return _finding(best, False, verdict, sentence, {}, _details(rows, tests, best))
    best = max(taken, key=lambda t: (t.group.size, t.z))
    ratio = best.plain / max(best.invariant, 1e-300)
    sentence = (
        f"{rows.targets[0] if not best.equivariant else 'The targets'} {'move along' if best.equivariant else 'does not change'} under "
        f"{_title(rows, best)}: the squared error falls by a factor {ratio:.2f}, as if there were up to {best.group.size:,} times the rows. "
        f"Put {_front(best)} in front."
    )
    setting = {"group": best.group.kind, "blocks": _blocks(rows, best.group), "front": _front(best), "equivariant": best.equivariant}
    return _finding(best, True, "invariant" if not best.equivariant else "equivariant", sentence, setting, _details(rows, tests, best))


def _named(rows: Rows, symmetry: Mapping[str, Blocks]) -> list[Group]:
    """The user's groups."""
    where, groups = {name: j for j, name in enumerate(rows.names)}, []
    for kind, blocks in symmetry.items() if isinstance(symmetry, Mapping) else [("", symmetry)]:
        if kind not in PRESETS or not _are_blocks(blocks, where, 1 if kind == "flips" else 2):
            raise UsageError(
                f"symmetry={symmetry!r} is not a group of this table. Pass {', '.join(PRESETS)}, each with blocks of equally many "
                f"names, none of them twice, of varying columns, two blocks or more but for flips: {', '.join(map(repr, rows.names[:12]))}."
            )
        groups.append(PRESETS[kind]([[where[name] for name in block] for block in blocks], rows.d))
    return groups


def _are_blocks(blocks: Any, names: Collection[str], least: int) -> bool:
    """Whether they are `least` lists or more of equally many of the names, none of them twice."""
    if not isinstance(blocks, list | tuple) or len(blocks) < least or not all(isinstance(block, list | tuple) and block for block in blocks):
        return False
    listed = [name for block in blocks for name in block]
    known = all(isinstance(name, str) and name in names for name in listed)
    return known and len(set(listed)) == len(listed) == len(blocks) * len(blocks[0]) and len({len(block) for block in blocks}) == 1


def _judge(rows: Rows, groups: list[Group], raw: Matrix) -> list[Symmetry]:
    """Every group against the plain fit; with several targets those that move them along."""
    q = rows.y.shape[1]
    if q == 1:
        y = rows.y[:, 0]
        plain = Reading.of(rows.X, y, prior=rows.prior if groups else None)
        return [judge_invariance(group, plain, _common(group, rows, raw), y, rows.seed, rows.quick) for group in groups]
    groups = [group for group in groups if len(group.blocks) == q and group.kind != "flips" and not rows.classes]
    n = len(raw) // 2
    X, Y = rows.X[:n], (rows.y[:n] * rows.sd + rows.mean - rows.mean.mean()) / _root_mean_square(rows.sd)
    plains = [Reading.of(X, column, seed=rows.seed, quick=rows.quick) for column in Y.T] if groups else []
    return [judge_equivariance(group, plains, _common(group, rows, raw)[:n], Y, rows.seed, rows.quick) for group in groups]


def _common(group: Group, rows: Rows, raw: Matrix) -> Matrix:
    """X with one centre and one unit for all columns of an orbit; flips are about 0 in the units of the table."""
    X = rows.X[: len(raw)].copy()
    for i in range(len(group.blocks[0])):
        orbit = [block[i] for block in group.blocks]
        centre = 0.0 if group.kind == "flips" else rows.centre[orbit].mean()
        X[:, orbit] = (raw[:, orbit] - centre) / _root_mean_square(rows.unit[orbit])
    return X


def _root_mean_square(scales: Matrix) -> float:
    """Of positive scales, whose squares may be too large for a float."""
    largest = scales.max()
    return float(largest * np.sqrt(np.mean((scales / largest) ** 2)))


def _finding(best: Symmetry, found: bool, verdict: str, sentence: str, setting: dict[str, Any], details: dict[str, Any]) -> Finding:
    ratio = best.plain / max(best.invariant, 1e-300)
    error = 1.96 * abs(best.plain - best.invariant) / max(abs(best.z), 1e-12)  # 1.96 standard errors of the difference
    gain = best.plain - best.invariant
    interval = (1 + (gain - error) / max(best.invariant, 1e-300), 1 + (gain + error) / max(best.invariant, 1e-300))
    return Finding(NAME, ratio, interval, UNIT, found, verdict, sentence, setting, details)


def _details(rows: Rows, tests: list[Symmetry], best: Symmetry) -> dict[str, Any]:
    table = [
        {
            "group": t.group.name,
            "blocks": _blocks(rows, t.group),
            "z_useful": t.z,
            "log_evidence": t.log_evidence,
            "p_useful": t.p_useful,
            "F": t.F,
            "rank": t.rank,
            "p_true": t.p_true,
            "equivariant": t.equivariant,
        }
        for t in tests
    ]
    size = best.group.size
    return {"size": size, "predicted_factor": size ** smooth_exponent(2.0, rows.d), "tests": table, "rows": min(rows.n, MOST_ROWS)}


def _blocks(rows: Rows, group: Group) -> list[list[str]]:
    return [[rows.names[j] for j in block] for block in group.blocks]


def _title(rows: Rows, test: Symmetry) -> str:
    words = {"permutations": "any exchange of", "cyclic": "shifts of", "flips": "a change of sign of"}
    names = ["(" + ", ".join(block) + ")" if len(block) > 1 else block[0] for block in _blocks(rows, test.group)]
    return f"{words[test.group.kind]} {', '.join(names[:6])}{' …' if len(names) > 6 else ''}"


def _front(test: Symmetry) -> str:
    group = test.group
    if group.is_absolute:
        return "absolute values"
    if test.equivariant:
        return "one network for all targets"
    if group.kind == "permutations":
        return "a sorting layer" if len(group.blocks[0]) == 1 else "symmetric functions of the blocks"
    return "sums over orbits" if group.is_layer else "the Reynolds average"
