"""The Fréchet kernel: what an outlier does, and how a sample of alignments nears its limit.

Tracks of two classes are noisy sines that differ in phase, with 8 to 13 points. In a copy one point
of every second track is moved far away. An SVC with settings from inner folds takes the Fréchet
kernel, or exp(−F/γ) of the discrete Fréchet distance F, which is the worst leash and so the
outlier's own. The difference of a mean over S alignments from its exact limit falls like S^(−1/2).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

from motifnet.engine import Matrix
from motifnet.further.trajectories import FrechetKernel, frechet_kernel
from motifnet.lab._figure import (
    MEASURED,
    TRAINED,
    Check,
    Estimate,
    Facts,
    draw_bars,
    draws,
    exponent,
    files,
    log_ticks,
    panels,
)

NAME, TITLE = "trajectories", "What one outlier does to a kernel of tracks"
TRAIN, TEST, NOISE, PHASE, OUTLIER = 80, 80, 0.3, 0.15, 2.0
GAMMAS, PENALTIES = (0.1, 0.3, 1.0), (1.0, 10.0)
KERNEL, DISTANCE = "Fréchet kernel", "exp(−Fréchet distance)"
COLOURS = {KERNEL: TRAINED, DISTANCE: MEASURED}
SAMPLES = (25, 100, 400, 1_600)
Tracks = list[Matrix]
Pair = tuple[Matrix, Matrix]


def run(quick: bool, out: Path) -> Facts:
    """Draw the figure into the folder."""
    seeds = draws(quick, 4 if quick else 12)
    accuracies = {
        name: np.array(
            [[_accuracies(seed, moved)[name] for moved in (False, True)] for seed in seeds]
        )
        for name in COLOURS
    }
    differences = np.array([_differences(seed) for seed in draws(quick, 16)])
    lowest = min(_lowest(seed) for seed in seeds)
    with panels(out, NAME, 1, 3) as axes:
        _draw_tracks(axes[0, 0])
        _draw_accuracies(axes[0, 1], accuracies)
        draw_bars(axes[0, 2], SAMPLES, differences, color=TRAINED)
        axes[0, 2].set(
            title="c  sampled less exact kernel",
            xlabel="alignments S",
            ylabel="root mean square",
            xscale="log",
            yscale="log",
        )
        log_ticks(axes[0, 2])
    values = {
        "accuracies": {name: a.tolist() for name, a in accuracies.items()},
        "samples": SAMPLES,
        "differences": differences.tolist(),
    }
    checks = _checks(accuracies, differences, lowest)
    return Facts(
        NAME, TITLE, quick, _sentences(accuracies, differences), checks, values, files(NAME)
    )


def sines(n: int, seed: int, moved: bool) -> tuple[Tracks, NDArray[Any]]:
    """Tracks and their classes 0 and 1; moved: with an outlier in every second track."""
    rng = np.random.default_rng(seed)
    labels, tracks = np.arange(n) % 2, []
    for i, length in enumerate(rng.integers(8, 14, n)):
        u = np.linspace(0, 1, length)
        track = np.column_stack([u, np.sin(2 * np.pi * (u + PHASE * labels[i]))])
        track += NOISE * rng.normal(size=track.shape)
        place, sign = rng.integers(length), rng.choice([-1, 1], 2)
        if moved and i % 4 < 2:
            track[place] += OUTLIER * sign
        tracks.append(track)
    return tracks, labels


def frechet_distances(first: Tracks, second: Tracks) -> Matrix:
    """Discrete Fréchet distances (Eiter and Mannila 1994). Points that repeat the last one leave
    them as they are, so that all tracks get the length of the longest.
    """
    longest = max(map(len, [*first, *second]))
    x, y = (
        np.array([np.pad(t, ((0, longest - len(t)), (0, 0)), "edge") for t in tracks])
        for tracks in (first, second)
    )
    leash = np.sqrt(((x[:, None, :, None] - y[None, :, None, :]) ** 2).sum(-1))
    for i in range(longest):
        for j in range(longest):
            earlier = [
                leash[:, :, i - a, j - b] for a, b in ((1, 0), (0, 1), (1, 1)) if i >= a and j >= b
            ]
            if earlier:
                leash[:, :, i, j] = np.maximum(leash[:, :, i, j], np.min(earlier, axis=0))
    return np.asarray(leash[:, :, -1, -1])


def _accuracies(seed: int, moved: bool) -> dict[str, float]:
    tracks, labels = sines(TRAIN + TEST, seed, moved)
    train, test = tracks[:TRAIN], tracks[TRAIN:]
    return {
        KERNEL: _accuracy(_kernels(train, test), labels),
        DISTANCE: _accuracy(_exponentials(train, test), labels),
    }


def _kernels(train: Tracks, test: Tracks) -> Iterator[Pair]:
    for gamma in GAMMAS:
        kernel = FrechetKernel(gamma)
        yield kernel.fit_transform(train), kernel.transform(test)


def _exponentials(train: Tracks, test: Tracks) -> Iterator[Pair]:
    known, new = frechet_distances(train, train), frechet_distances(test, train)
    yield from ((np.exp(-known / gamma), np.exp(-new / gamma)) for gamma in (*GAMMAS, 3.0))


def _accuracy(kernels: Iterator[Pair], labels: NDArray[Any]) -> float:
    """On the test tracks, of the setting with the best inner accuracy."""
    best = (-1.0, 0.0)
    for gram, rows in kernels:
        for C in PENALTIES:
            model = SVC(kernel="precomputed", C=C)
            inner = float(cross_val_score(model, gram, labels[:TRAIN], cv=5).mean())
            if inner > best[0]:
                fitted = model.fit(gram, labels[:TRAIN])
                best = inner, float(fitted.score(rows, labels[TRAIN:]))
    return best[1]


def _differences(seed: int) -> Matrix:
    """Root mean squares over pairs, by the number of alignments."""
    tracks, _ = sines(12, seed, True)
    limit = frechet_kernel(tracks, gamma=0.3, exact=True, normalize=False, psd=None)
    return np.array(
        [
            np.sqrt(
                np.mean(
                    (
                        frechet_kernel(
                            tracks,
                            gamma=0.3,
                            n_alignments=S,
                            normalize=False,
                            psd=None,
                            random_state=seed,
                        )
                        - limit
                    )
                    ** 2
                )
            )
            for S in SAMPLES
        ]
    )


def _lowest(seed: int) -> float:
    """The smallest eigenvalue of a clipped Gram matrix, where the plain one has negative ones."""
    tracks, _ = sines(40, seed, True)
    return float(np.linalg.eigvalsh(frechet_kernel(tracks, gamma=1.0, beta=10.0))[0])


def _checks(accuracies: dict[str, Matrix], differences: Matrix, lowest: float) -> tuple[Check, ...]:
    gain = Estimate.of(accuracies[KERNEL][:, 1] - accuracies[DISTANCE][:, 1])
    return (
        Check.over_seeds("with outliers: accuracy above exp(−Fréchet)", gain, None, 0.1, 1.0, 0.0),
        Check.over_seeds(
            "exponent of S in sampled less exact",
            exponent(SAMPLES, differences),
            0.5,
            0.4,
            0.6,
            0.0,
        ),
        Check("smallest eigenvalue after clipping", lowest, None, -1e-10, 1.0, no_effect=-1e-3),
    )


def _sentences(accuracies: dict[str, Matrix], differences: Matrix) -> tuple[str, ...]:
    clean, moved = (
        ", ".join(f"{name} {Estimate.of(a[:, k]):.3f}" for name, a in accuracies.items())
        for k in (0, 1)
    )
    return (
        f"Accuracy without outliers: {clean}. With one in every second track: {moved}.",
        f"With {SAMPLES[1]} alignments the kernel differs from its limit by "
        f"{Estimate.of(differences[:, 1]):.4f}, root mean square.",
    )


def _draw_tracks(axis: Any) -> None:
    tracks, labels = sines(8, 2, True)
    for track, label in zip(tracks, labels, strict=True):
        axis.plot(*track.T, "o-", color=(TRAINED, MEASURED)[label], linewidth=0.8, markersize=2)
    axis.set(title="a  eight tracks of two classes", xlabel="x₁", ylabel="x₂")


def _draw_accuracies(axis: Any, accuracies: dict[str, Matrix]) -> None:
    for name, values in accuracies.items():
        draw_bars(axis, (0, 1), values, "o-", color=COLOURS[name], label=name)
    axis.set(title="b  accuracy of an SVC", ylabel="share of test tracks", xlim=(-0.3, 1.3))
    axis.set_xticks([0, 1], ["no outliers", "in half of the tracks"])
    axis.legend(loc="lower left")
