"""Columns of levels, written as numbers: a row of a table is looked up for the level of a row. Exact, and without gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from motifnet.engine import UsageError
from motifnet.motifs._base import Motif


class Lookup(Motif):
    """table[k] where x, one column, is levels[k]; table[K] where it is none of them, table[K + 1] where it is missing.

    levels of shape (K,), increasing; table of shape (K + 2, s); `texts` that levels stand for, "" where a level is a number.
    """

    levels: Tensor
    table: Tensor
    texts: list[str]

    def __init__(self, levels: Tensor, table: Tensor, texts: Sequence[str] = ()) -> None:
        super().__init__()
        if len(table) != len(levels) + 2 or (levels.diff() <= 0).any():
            raise UsageError(
                f"Lookup has {len(levels)} levels and a table of {len(table)} rows; give increasing levels, and two more rows: unseen, missing."
            )
        self.keep(levels=levels, table=table, texts=list(texts))

    def outputs(self, inputs: int) -> int:
        return self.table.shape[1]

    def describe(self) -> str:
        return f"a value for each of {len(self.levels)} levels"

    def forward(self, x: Tensor) -> Tensor:
        values, count = x[:, 0].contiguous(), len(self.levels)
        place = torch.searchsorted(self.levels, values).clamp(max=max(count - 1, 0))
        unseen = self.levels[place] != values if count else torch.ones_like(values, dtype=torch.bool)
        place = torch.where(unseen, count, place)
        return self.table[torch.where(torch.isnan(values), count + 1, place)]
