"""The sampled Fréchet kernel of tracks of one length as a network, by calculation alone.

A row is a track of L points, x_00 … x_0d, x_10 … x_Ld. For every cell of the grids with the tracks
of the fit, and with the track itself,

    log e = −Σ_k (x_ik − y_jk)²/γ,    (e w, w) = (exp(log e − β e), exp(−β e)).

Sums over the drawn alignments are affine maps of 0 and 1, a ratio is exp(log N − log D), the mean
over alignments and the clipping are affine, and normalisation is one more ratio. All maps but those
of the clipping have few non-zeros a row. Nothing is trained; the network differs from the kernel by
rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.further.trajectories._alignments import drawn_alignments
from motifnet.further.trajectories._gram import PairKernel
from motifnet.further.trajectories._tracks import Tracks
from motifnet.motifs import (
    Affine,
    Chain,
    Concat,
    Exp,
    Identity,
    Log,
    Motif,
    Normalize,
    Select,
    SparseAffine,
    Square,
)

Index = NDArray[np.int64]


def gram_network(
    kernel: PairKernel,
    tracks: Tracks,
    of_itself: Matrix | None,
    clip: Sequence[Matrix],
    length: int,
) -> Motif:
    """Flat tracks of this length to their rows of the Gram matrix.

    of_itself: the kernel of each track of the fit and itself, or None without normalisation. clip:
    embedding and features of the tracks of the fit, or nothing.
    """
    m = len(tracks)
    parts = [*_similarities(kernel, tracks, length), *_means(kernel, tracks, length)]
    if of_itself is None:
        parts.append(Select(list(range(m))))
    else:
        # log k(x, y) − ½ log k(x, x) − ½ log k(y, y)
        index = np.column_stack([np.arange(m), np.full(m, m)])
        weight = np.tile([1.0, -0.5], (m, 1))
        parts += [Log(), _sparse(index, weight, -0.5 * np.log(of_itself)), Exp()]
    if clip:
        embedding, features = clip
        parts += [
            _affine(embedding.T),
            *([] if of_itself is None else [Normalize("l2")]),
            _affine(features),
        ]
    return Chain(parts, label="Fréchet kernel")


def _similarities(kernel: PairKernel, tracks: Tracks, length: int) -> list[Motif]:
    """To e w of all cells, then w of all cells; the grid with the track itself is the last one."""
    d = tracks[0].shape[1]
    columns = np.arange(length * d).reshape(length, d)
    own = [np.broadcast_to(columns[:, None], (length, len(y), d)).reshape(-1, d) for y in tracks]
    other = [np.broadcast_to(y, (length, len(y), d)).reshape(-1, d) for y in tracks]
    i, j = np.indices((length, length)).reshape(2, -1)
    index = np.concatenate([*own, columns[i]]).ravel()
    cells, fixed = len(index) // d, len(np.concatenate(own)) * d
    second, weight = np.zeros(len(index), dtype=np.int64), np.ones((len(index), 2))
    second[fixed:] = columns[j].ravel()
    weight[:fixed, 1], weight[fixed:, 1] = 0.0, -1.0
    shift = np.concatenate([-np.concatenate(other).ravel(), np.zeros(len(index) - fixed)])
    logs, values = np.arange(cells), cells + np.arange(cells)
    both = np.concatenate([np.column_stack([logs, values]), np.column_stack([values, values])])
    scale = np.repeat([[1.0, -kernel.beta], [0.0, -kernel.beta]], cells, axis=0)
    return [
        _sparse(np.column_stack([index, second]), weight, shift),
        Square(),
        _sparse(np.arange(cells * d).reshape(cells, d), np.full((cells, d), -1 / kernel.gamma)),
        Concat([Identity(), Exp()]),
        _sparse(both, scale),
        Exp(),
    ]


def _means(kernel: PairKernel, tracks: Tracks, length: int) -> list[Motif]:
    """From them to the kernel of each track of the fit, then of the track itself."""
    lengths = [*(len(y) for y in tracks), length]
    assert kernel.n_alignments is not None
    paths = [drawn_alignments(length, n, kernel.n_alignments, kernel.seed) for n in lengths]
    starts = np.cumsum([0, *(length * n for n in lengths)])
    cells, longest = int(starts[-1]), max(path.shape[1] for path in paths)
    rows = [
        _padded(p, length * n, s, longest) for p, n, s in zip(paths, lengths, starts, strict=False)
    ]
    index = np.concatenate([row for row, _ in rows])
    weight = np.concatenate([on for _, on in rows])
    count, ends = len(index), np.cumsum([0, *map(len, paths)])
    most = max(map(len, paths))
    averaged, shares = np.zeros((len(paths), most), dtype=np.int64), np.zeros((len(paths), most))
    for k, (first, last) in enumerate(pairwise(ends)):
        averaged[k, : last - first] = np.arange(first, last)
        shares[k, : last - first] = 1 / (last - first)
    return [
        _sparse(np.concatenate([index, index + cells]), np.concatenate([weight, weight])),
        Log(),
        _sparse(
            np.column_stack([np.arange(count), count + np.arange(count)]),
            np.tile([1.0, -1.0], (count, 1)),
        ),
        Exp(),
        _sparse(averaged, shares),
    ]


def _padded(paths: Index, end: int, start: int, longest: int) -> tuple[Index, Matrix]:
    """Cells of the paths in the order of all grids, and 1 on the path, 0 behind its end."""
    on = paths < end
    index, weight = np.zeros((2, len(paths), longest))
    index[:, : paths.shape[1]] = np.where(on, paths + start, 0)
    weight[:, : paths.shape[1]] = on
    return index.astype(np.int64), weight


def _sparse(index: Index, weight: Matrix, bias: Matrix | None = None) -> SparseAffine:
    shift = np.zeros(len(index)) if bias is None else bias
    return SparseAffine(torch.tensor(index), torch.tensor(weight), torch.tensor(shift))


def _affine(weight: Any, bias: Any = None) -> Affine:
    """x Wᵀ + b, W of shape (out, in)."""
    shift = np.zeros(len(weight)) if bias is None else bias
    return Affine(
        torch.tensor(np.array(weight, dtype=np.float64)),
        torch.tensor(np.array(shift, dtype=np.float64)),
    )
