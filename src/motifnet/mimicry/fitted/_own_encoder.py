"""Our own encoder of tables as a network on numbers and codes, so that a whole fitted model is one network; dates have none."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry._affine import tensor
from motifnet.mimicry.fitted._codes import lookup
from motifnet.mimicry.fitted._parts import beside, scaled, shifted
from motifnet.motifs import Chain, Clip, Fill, Gaps, Motif, Select
from motifnet.tables import LIMIT, Encoder, Feature, Numeric, OneHot, TargetMean


def encoder_network(encoder: Encoder) -> Motif:
    """From the raw columns, levels as their codes, to the matrix that `Encoder.transform` gives."""
    blocks = [Chain([Select([j]), _feature(feature)]) for j, feature in enumerate(encoder.features) if feature.names]
    return beside(blocks) if blocks else Chain([Select([0]), Fill(tensor([0.0])), scaled([0.0])])


@singledispatch
def _feature(feature: Feature) -> Motif:
    raise UsageError(f"Column {feature.name!r} is a {type(feature).__name__}, which has no network. Turn it into numbers first.")


@_feature.register
def _(feature: Numeric) -> Motif:
    parts: list[Motif] = []
    if feature.sd:
        parts.append(Chain([*shifted([1 / feature.sd], -feature.mean), *_clipped(), Fill(tensor([0.0]))]))
    if feature.gap_sd:
        parts.append(Chain([Gaps(), *shifted([1 / feature.gap_sd], -feature.gap_mean), *_clipped()]))
    return beside(parts)


def _clipped() -> list[Motif]:
    return [Clip(tensor([-LIMIT]), tensor([LIMIT]))]


@_feature.register(OneHot)
@_feature.register(TargetMean)
def _(feature: OneHot | TargetMean) -> Motif:
    *rows, unseen = feature.table
    return lookup(feature.levels, np.array(rows).reshape(len(rows), -1), unseen, unseen)
