"""The memory of a streamed fit, from sizes alone.

The constants are counts of arrays that live at the same time, and what was measured with nearly no rows: libraries that load their parts with the
first training. Small arrays of the batches stay with the allocator, so that later stages come on top of them.
"""

from __future__ import annotations

from motifnet.engine import MB, MemoryPlan, resident_memory
from motifnet.tables import BLOCK_ROWS, Stream, as_table

FLOAT, SINGLE, BIN = 8, 4, 1
ROW_NUMBERS = 10  # that are held for each row beside its columns: target, weight, fold, class, and LightGBM's score, gradients and lists of rows
LIBRARIES = 250 * MB
MOST_LEVELS, DATE_COLUMNS = 61, 8


def encoded_width(stream: Stream, inputs: list[str]) -> int:
    """Columns of the encoded matrix, as the first block has them."""
    width = 0
    for column in as_table(stream.frame([next(stream.blocks()).raw])[inputs]).columns:
        levels = len(set(column.values)) if column.kind == "categorical" else 1
        width += DATE_COLUMNS if column.kind == "date" else min(MOST_LEVELS, levels)
    return max(1, width)


def plan_memory(d: int, n: int, *, landmarks: int, sample: int, held: int, batch: int, trees: int, n_jobs: int) -> MemoryPlan:
    """Rows of the sample, of each held-out part, of a batch and of the trees; d columns that the network sees."""
    import lightgbm  # noqa: F401
    import torch  # noqa: F401

    m = min(landmarks, n)
    blocks = n_jobs * BLOCK_ROWS * (2 * m + 3 * d) * FLOAT
    kept = {"libraries": LIBRARIES, "batches": 25 * batch**2 * FLOAT, "samples": 4 * (sample + 2 * held) * d * FLOAT}
    return MemoryPlan(
        resident_memory(),
        {
            "inner layers": kept,
            "last layer": kept | {"sums": (3 + n_jobs) * m**2 * FLOAT, "blocks": blocks},
            "trees": kept | {"matrix": trees * d * (SINGLE + BIN), "gradients": ROW_NUMBERS * trees * FLOAT, "blocks": blocks},
        },
    )
