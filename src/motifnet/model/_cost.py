"""The cost of a network for one row, from the shapes of its tensors.

The network is not run, and nothing is allocated.

    alive(chain) = max over parts of (what goes in + alive(part))
    alive(parallel) = 2 outputs + max over branches of alive(branch)
    work(chain)  = Σ work(part),      work(average over G) = |G| work(body)

`alive` counts the values held at once besides the input, `work` all computed values, `operations`
the calls that compute them. Every shape must be the one of the motif's docstring, so that no
operation broadcasts to a larger one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from motifnet import motifs as m
from motifnet.model._archive import BundleError
from motifnet.motifs import Motif

PADDED_LEAVES = 64  # of a small tree, see motifs/_trees.py


class Cost(NamedTuple):
    """Output columns, values held at once, computed values and operations, for one row."""

    outputs: int
    alive: int
    work: int
    operations: int


class Meter:
    """Costs of networks; BundleError where a part exceeds the limits or has wrong shapes."""

    def __init__(self, alive: int, work: int, operations: int) -> None:
        self.limits = Cost(alive, alive, work, operations)

    def __call__(self, motif: Motif, inputs: int) -> Cost:
        """The cost of a motif with a number of input columns."""
        rule = _RULES.get(type(motif), _of_a_user)
        cost = rule(self, motif, inputs)
        for name, value, limit in zip(Cost._fields, cost, self.limits, strict=True):
            if value > limit:
                raise BundleError(
                    f"its network needs {name} of {value:,} in "
                    f"{type(motif).__name__} for one row, at most {limit:,} are allowed for "
                    "its size."
                )
        return cost


Rule = Callable[[Meter, Any, int], Cost]


def _like_its_input(inputs: int) -> Cost:
    return Cost(inputs, 3 * inputs, 4 * inputs, 4)


def _fits(motif: Motif, right: bool) -> None:
    if not right:
        raise BundleError(
            f"its network does not compute: the shapes of {type(motif).__name__} do not fit."
        )


def _one_each(motif: Motif, inputs: int, *tensors: Tensor) -> None:
    """One value, or one for each column."""
    _fits(motif, all(tensor.shape in ((), (1,), (inputs,)) for tensor in tensors))


def _clip(meter: Meter, motif: m.Clip | m.Box, inputs: int) -> Cost:
    _one_each(motif, inputs, motif.low, motif.high)
    return _like_its_input(inputs)._replace(outputs=1 if isinstance(motif, m.Box) else inputs)


def _fill(meter: Meter, motif: m.Fill | m.Missing, inputs: int) -> Cost:
    _one_each(motif, inputs, motif.values)
    return _like_its_input(inputs)


def _power(meter: Meter, motif: m.Power, inputs: int) -> Cost:
    _one_each(motif, inputs, motif.exponent)
    return _like_its_input(inputs)


def _step(meter: Meter, motif: m.Step, inputs: int) -> Cost:
    _one_each(motif, 1, motif.width)
    return _like_its_input(inputs)


def _gate(meter: Meter, motif: m.Gate, inputs: int) -> Cost:
    _fits(motif, inputs > 0)
    _one_each(motif, inputs - 1, motif.bound)
    return Cost(inputs - 1, 5 * inputs, 6 * inputs, 8)


def _extreme(meter: Meter, motif: Motif, inputs: int) -> Cost:
    _fits(motif, inputs > 0)
    return Cost(1, 2, inputs, 2)


def _median(meter: Meter, motif: m.WeightedMedian, inputs: int) -> Cost:
    _fits(motif, motif.weights.shape == (inputs,) and inputs > 0)
    return Cost(1, 6 * inputs, 8 * inputs, 8)


def _affine(meter: Meter, motif: m.Affine, inputs: int) -> Cost:
    outputs = len(motif.bias)
    _fits(motif, motif.weight.shape == (outputs, inputs) and motif.bias.ndim == 1)
    return Cost(outputs, 2 * outputs, outputs * (1 + inputs), 1)


def _sparse(meter: Meter, motif: m.SparseAffine, inputs: int) -> Cost:
    outputs = len(motif.bias)
    _fits(
        motif,
        motif.bias.ndim == 1
        and motif.weight.ndim == 2
        and motif.index.shape == motif.weight.shape
        and len(motif.weight) == outputs,
    )
    each = motif.weight.shape[1]
    return Cost(outputs, 4 * outputs, 3 * outputs * (1 + each), 3 * (1 + each))


def _centres(meter: Meter, motif: m.Distance | m.ChiSquare, inputs: int) -> Cost:
    _fits(motif, motif.centres.ndim == 2 and motif.centres.shape[1] == inputs)
    count = len(motif.centres)
    if isinstance(motif, m.Distance):
        return Cost(count, 6 * count * (inputs + 3), 6 * count * (inputs + 3), 30)
    return Cost(count, 8 * count, 8 * count * inputs, 10 * inputs)


def _neighbours(meter: Meter, motif: m.Neighbours, inputs: int) -> Cost:
    """The cost with a heap in every row, as if every row had a tie."""
    count, nodes = len(motif.centres), len(motif.low)
    _fits(
        motif,
        motif.centres.ndim == 2 and motif.centres.shape[1] == inputs and motif.values.ndim == 2,
    )
    _fits(
        motif,
        motif.squares.shape == ((count,) if motif.p == 0 else (0,))
        and motif.offset.shape == (count,)
        and motif.path.shape[1:] == (count,),
    )
    _fits(
        motif,
        motif.low.shape == motif.high.shape == (nodes, inputs)
        and motif.radius.shape in ((0,), (nodes,))
        and (nodes > 0) == (len(motif.path) > 0),
    )
    _fits(
        motif,
        not nodes or (bool(((motif.path >= 0) & (motif.path < nodes)).all()) and nodes % 2 == 1),
    )
    each = count * (6 + 3 * inputs + 4 * len(motif.path) + 8 * motif.k.bit_length())
    alive = 6 * (count + nodes) + 4 * motif.k * (1 + motif.values.shape[1])
    return Cost(
        motif.values.shape[1], alive, each + 5 * nodes * (1 + inputs) + alive, 12 * inputs + 40
    )


def _outlier_factor(meter: Meter, motif: m.OutlierFactor, inputs: int) -> Cost:
    _fits(motif, motif.values.shape == (len(motif.centres), 2))
    return _neighbours(meter, motif, inputs)._replace(outputs=1)


def _neighbour_fill(meter: Meter, motif: m.NeighbourFill, inputs: int) -> Cost:
    _fits(
        motif,
        motif.rows.ndim == 2
        and motif.rows.shape[1] == inputs
        and motif.present.shape == motif.rows.shape,
    )
    count = len(motif.rows)
    return Cost(inputs, 8 * count + 8 * inputs, 10 * count * (1 + inputs), 20 + 25 * inputs)


def _radial(meter: Meter, motif: m.Radial, inputs: int) -> Cost:
    _fits(motif, motif.weights.ndim == motif.rates.ndim == 1)
    count = len(motif.profiles)
    return Cost(inputs, 6 * inputs, 8 * count * inputs, 8 * count)


def _hinge(meter: Meter, motif: m.Hinge, inputs: int) -> Cost:
    d, segments = motif.slopes.shape if motif.slopes.ndim == 2 else (-1, 0)
    _fits(motif, d == inputs and segments > 0 and motif.knots.shape == (d, segments + 1))
    return Cost(d, 6 * d + motif.knots.numel(), 5 * d * (segments + 2), 5 * (segments + 2))


def _lookup(meter: Meter, motif: m.Lookup, inputs: int) -> Cost:
    _fits(motif, inputs > 0 and motif.levels.ndim == 1 and motif.table.ndim == 2)
    return Cost(motif.table.shape[1], 2 * motif.table.shape[1] + 8, 2 * motif.table.shape[1] + 8, 8)


def _piecewise(meter: Meter, motif: m.Piecewise, inputs: int) -> Cost:
    _fits(
        motif,
        motif.starts.ndim == 2
        and motif.coefficients.ndim == 4
        and motif.starts.shape == motif.coefficients.shape[:2],
    )
    d, _, powers, each = motif.coefficients.shape
    _fits(motif, d <= inputs and powers > 0)
    return Cost(
        d * each,
        2 * d * each + 3 * powers * each,
        3 * d * (powers + 1) * each,
        d * (8 + 3 * powers),
    )


def _product(meter: Meter, motif: m.Product, inputs: int) -> Cost:
    _fits(motif, inputs > 0 and inputs % 2 == 0)
    return Cost(inputs // 2, inputs // 2, inputs // 2, 3)


def _monomial(meter: Meter, motif: m.Monomial, inputs: int) -> Cost:
    _fits(motif, all(len(row) <= inputs for row in motif.powers))
    count, products = len(motif.powers), sum(map(sum, motif.powers))
    return Cost(count, 2 * count, 2 * count + products, 2 * (count + products) + 1)


def _coupling(meter: Meter, motif: m.Coupling, inputs: int) -> Cost:
    """The cost of one iteration; `Bounded` counts them at run time."""
    K = motif.classes
    _fits(motif, K > 1 and inputs == K * (K - 1) // 2)
    return Cost(K, 6 * K * K, 20 * K * K, 15 * K)


def _trees(meter: Meter, motif: m.TreeEnsemble, inputs: int) -> Cost:
    nodes, trees = len(motif.values), len(motif.roots)
    whole = (motif.feature, motif.threshold, motif.left, motif.right)
    _fits(
        motif,
        motif.values.ndim == 2
        and trees > 0
        and motif.roots.ndim == 1
        and all(part.shape == (nodes,) for part in whole),
    )
    _check_trees(motif)
    outputs = motif.values.shape[1]
    padded = PADDED_LEAVES * trees * (1 + outputs)
    return Cost(
        outputs,
        padded + 4 * nodes + 8 * trees,
        padded + 8 * trees * motif.depth + 4 * nodes,
        8 * motif.depth + 30,
    )


def _check_trees(motif: m.TreeEnsemble) -> None:
    """Check that each node has at most one parent and a root none, so that every walk ends."""
    node = torch.arange(len(motif.left))
    inner = (motif.left != node) | (motif.right != node)
    below = torch.cat([motif.left[inner], motif.right[inner], motif.roots])
    inside = bool(((below >= 0) & (below < len(node))).all()) and motif.depth >= 0
    _fits(motif, inside and int(torch.bincount(below, minlength=1).max()) <= 1)


def _select(meter: Meter, motif: m.Select, inputs: int) -> Cost:
    _fits(motif, all(-inputs <= column < inputs for column in motif.columns))
    return Cost(len(motif.columns), 2 * len(motif.columns), len(motif.columns), 1)


def _chain(meter: Meter, motif: m.Chain, inputs: int) -> Cost:
    cost = Cost(inputs, 0, 0, 0)
    for part in motif.parts:
        cost = _after(meter, cost, meter(part, cost.outputs))
    return cost


def _after(meter: Meter, one: Cost, two: Cost) -> Cost:
    """The cost of two motifs in a row; the outputs of the first are held during the second."""
    cost = Cost(
        two.outputs,
        max(one.alive, one.outputs + two.alive),
        one.work + two.work,
        one.operations + two.operations,
    )
    if cost.work > meter.limits.work or cost.operations > meter.limits.operations:
        raise BundleError(
            f"its network needs more than {meter.limits.operations:,} operations or "
            f"{meter.limits.work:,} values for one row."
        )
    return cost


def _branches(meter: Meter, branches: Iterable[Motif], inputs: int) -> tuple[list[int], Cost]:
    """The outputs of each branch, and the cost of all, with the outputs of the last."""
    outputs, cost = list[int](), Cost(0, 0, 0, 0)
    for branch in branches:
        each = meter(branch, inputs)
        outputs.append(each.outputs)
        cost = _after(meter, cost._replace(outputs=0), each)
    return outputs, cost


def _parallel(meter: Meter, motif: m.Parallel, inputs: int) -> Cost:
    outputs, cost = _branches(meter, motif.branches, inputs)
    _fits(motif, motif.weights.ndim in (1, 2) and len(motif.weights) == len(outputs) > 0)
    width = max(outputs) if motif.weights.ndim == 1 else motif.weights.shape[1]
    _fits(motif, set(outputs) <= {1, width})
    return Cost(
        width,
        cost.alive + 3 * width,
        cost.work + 2 * width * len(outputs),
        cost.operations + 3 * len(outputs),
    )


def _concat(meter: Meter, motif: m.Concat, inputs: int) -> Cost:
    outputs, cost = _branches(meter, motif.branches, inputs)
    total = sum(outputs)
    return Cost(total, cost.alive + 2 * total, cost.work + total, cost.operations + 1)


def _residual(meter: Meter, motif: m.Residual, inputs: int) -> Cost:
    body = meter(motif.body, inputs)
    _fits(motif, body.outputs in (1, inputs))
    return Cost(inputs, body.alive + 2 * inputs, body.work + inputs, body.operations + 1)


def _over_a_group(meter: Meter, motif: m.GroupAverage | m.Images, inputs: int) -> Cost:
    permutations = motif.permutations
    _fits(
        motif,
        permutations.ndim == 2
        and len(permutations) > 0
        and (isinstance(motif, m.Images) or motif.signs.shape == permutations.shape),
    )
    count, d = permutations.shape
    body = meter(motif.body, d)
    outputs = body.outputs if isinstance(motif, m.GroupAverage) else count * body.outputs
    alive = body.alive + 2 * d + 2 * count * body.outputs
    return Cost(
        outputs,
        alive,
        count * (body.work + 2 * d + 2 * body.outputs),
        count * (body.operations + 4),
    )


def _precise(meter: Meter, motif: m.Precise, inputs: int) -> Cost:
    body = meter(motif.body, inputs)
    return Cost(
        body.outputs,
        body.alive + inputs + body.outputs,
        body.work + inputs + body.outputs,
        body.operations + 2,
    )


def _plain(meter: Meter, motif: Motif, inputs: int) -> Cost:
    return _like_its_input(inputs)


def _of_a_user(meter: Meter, motif: Motif, inputs: int) -> Cost:
    """A class of a user, which knows the number of its columns."""
    return _like_its_input(inputs)._replace(outputs=motif.outputs(inputs))


def _identity(meter: Meter, motif: Motif, inputs: int) -> Cost:
    return Cost(inputs, 0, 0, 0)


_ELEMENTWISE = (
    m.Abs,
    m.Erf,
    m.Exp,
    m.Gaps,
    m.Largest,
    m.Log,
    m.Normalize,
    m.ReLU,
    m.Sigmoid,
    m.Sine,
    m.Single,
    m.Softmax,
    m.Sort,
    m.Square,
    m.Tanh,
)
_RULES: dict[type[Motif], Rule] = {
    **dict.fromkeys(_ELEMENTWISE, _plain),
    m.Affine: _affine,
    m.ArgMax: _extreme,
    m.Box: _clip,
    m.Chain: _chain,
    m.ChiSquare: _centres,
    m.Clip: _clip,
    m.Concat: _concat,
    m.Coupling: _coupling,
    m.Distance: _centres,
    m.Fill: _fill,
    m.Gate: _gate,
    m.GroupAverage: _over_a_group,
    m.Hinge: _hinge,
    m.Identity: _identity,
    m.Images: _over_a_group,
    m.Lookup: _lookup,
    m.Max: _extreme,
    m.Min: _extreme,
    m.Missing: _fill,
    m.Monomial: _monomial,
    m.NeighbourFill: _neighbour_fill,
    m.Neighbours: _neighbours,
    m.OutlierFactor: _outlier_factor,
    m.Parallel: _parallel,
    m.Piecewise: _piecewise,
    m.Power: _power,
    m.Precise: _precise,
    m.Product: _product,
    m.Radial: _radial,
    m.Residual: _residual,
    m.Select: _select,
    m.SparseAffine: _sparse,
    m.Step: _step,
    m.TreeEnsemble: _trees,
    m.WeightedMedian: _median,
}
