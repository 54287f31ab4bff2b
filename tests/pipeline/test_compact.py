"""The compact network: centres between rows with honest scores, the width that theory predicts,
files without zeros, and what a small fit holds.
"""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import motifnet
from motifnet.engine import Control, Matrix
from motifnet.kernels import Kernel, means_between
from motifnet.model import BundleError
from motifnet.model._codec import narrowed, with_zeros, without_zeros
from motifnet.motifs import Affine, Distance
from motifnet.pipeline import Compactor, RegressionGoal
from motifnet.pipeline._compact import promises
from motifnet.structure import Part, kernel_width
from motifnet.tables import Sample
from motifnet.training import CrossTuned, FeatureLayers, TunedModel, with_centres


def _circle(n: int, noise: float, seed: int = 0) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    y = np.sin(3 * angle) + noise * rng.normal(size=n)
    return np.column_stack([np.cos(angle), np.sin(angle), np.zeros(n)]), ((y - y.mean()) / y.std())[
        :, None
    ]


@pytest.mark.parametrize(("profile", "smoothness"), [("laplace2", 0.5), ("matern32", 1.5)])
def test_dimension_smoothness_and_width_of_a_known_kernel(profile: str, smoothness: float) -> None:
    n, ridge = 800, 0.3
    X, y = _circle(n, 0.5)
    kernel = Kernel((profile,), np.ones(1), np.full(1, 2.0))
    gram = kernel.gram(torch.as_tensor(X), torch.as_tensor(X)).numpy()
    found = kernel_width(gram, X, y, ridge, n)
    values = np.linalg.eigvalsh(gram)
    assert found.dimension == pytest.approx(1, abs=0.15)
    assert found.smoothness == pytest.approx(smoothness, abs=0.3)
    assert found.centres == pytest.approx(int((values > ridge).sum()), rel=0.25)
    part = kernel_width(gram[:400, :400], X[:400], y[:400], ridge, n)
    assert part.centres == pytest.approx(found.centres, rel=0.2)  # half of the rows tell the same


def test_noise_is_read_off_the_fit() -> None:
    X, y = _circle(800, 0.5)
    gram = (
        Kernel(("gaussian",), np.ones(1), np.full(1, 2.0))
        .gram(torch.as_tensor(X), torch.as_tensor(X))
        .numpy()
    )
    assert kernel_width(gram, X, y, 0.3, 800).noise == pytest.approx(0.25 / 0.75, rel=0.2)


def test_more_rows_and_less_noise_ask_for_more_centres() -> None:
    X, y = _circle(400, 0.5)
    gram = (
        Kernel(("laplace2",), np.ones(1), np.full(1, 2.0))
        .gram(torch.as_tensor(X), torch.as_tensor(X))
        .numpy()
    )
    widths = [
        kernel_width(gram, X, y, ridge, n).centres
        for ridge, n in ((1.0, 400), (1.0, 1_600), (0.25, 400))
    ]
    assert widths[0] < widths[1] and widths[0] < widths[2]


@pytest.mark.parametrize("count", [10, 60, 149])
def test_centres_lie_between_rows(count: int) -> None:
    Z = np.random.default_rng(0).normal(size=(150, 3))
    C = means_between(np.concatenate([Z, Z[:20]]), np.concatenate([Z, Z[:20]]), count, 0)
    assert 0.8 * count <= len(C) <= count
    assert np.linalg.norm(C[:, None] - Z[None], axis=2).min() > 1e-6
    assert np.array_equal(
        C, means_between(np.concatenate([Z, Z[:20]]), np.concatenate([Z, Z[:20]]), count, 0)
    )
    assert (np.abs(C) <= np.abs(Z).max(0)).all()


def test_few_centres_are_enough_for_a_smooth_function_and_stay_honest() -> None:
    X, y = _circle(240, 0.3)
    knots = np.stack([np.linspace(-1, 1, 3)] * 3)
    inner = FeatureLayers(
        knots, np.ones((3, 2)), None, Kernel(("matern52",), np.ones(1), np.full(1, 2.0)), 0.1
    )
    sample = Sample.plain(X, y)
    start = with_centres(sample, CrossTuned(y, (inner,) * 4, ()), 239)
    errors = {
        m: float(np.mean((with_centres(sample, start, m).oof - y) ** 2)) for m in (3, 24, 239)
    }
    assert errors[24] <= 1.02 * errors[239] < errors[3]
    changed = y.copy()
    out = sample.folds.held_out(1)
    changed[out] = 7.0  # what fold 1 is predicted by has not seen it
    again = with_centres(
        Sample(X, changed, sample.weight, sample.folds, numeric=sample.numeric), start, 24
    )
    assert np.array_equal(again.oof[out], with_centres(sample, start, 24).oof[out])


@pytest.mark.parametrize("folds", [1, 4], ids=["single", "all"])
def test_output_layers_at_few_centres_in_closed_form(folds: int) -> None:
    """Of all rows, whether its sums are formed at once or follow from those of a single fold."""
    X, y = _circle(240, 0.3)
    X, y = np.concatenate([X, X[:30]]), np.concatenate([y, y[:30] + 0.1])
    knots = np.stack([np.linspace(-1, 1, 3)] * 3)
    kernel = Kernel(("matern52",), np.ones(1), np.full(1, 2.0))
    inner = FeatureLayers(knots, np.ones((3, 2)), None, kernel, 0.1)
    plain = Sample.plain(X, y)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(X))
    scored = plain.folds.first(1, at_least=1) if folds == 1 else plain.folds
    sample = Sample(X, y, weight, scored, numeric=plain.numeric)
    before = TunedModel(inner, X[:1], y[:1], np.zeros(1), inner.ridge)
    fitted = CrossTuned(y, (inner,) * scored.count, (before,))
    (model,) = with_centres(sample, fitted, 24).models
    gram = inner.gram(*(torch.as_tensor(part) for part in (model.centres, inner.warp_numpy(X))))
    residual = weight[:, None] * (y - model.predict(X))
    own = inner.gram(*[torch.as_tensor(model.centres)] * 2).numpy()
    assert np.abs(residual.sum()) < 1e-9
    np.testing.assert_allclose(gram.numpy() @ residual, 0.1 * own @ model.dual, atol=1e-7)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(200) % 7,
        np.arange(200) - 40_000,
        np.arange(100) * 2**40,
        np.where(np.arange(300) % 2, 0.0, np.pi),
        np.zeros((40, 3)),
        np.full(99, -0.0),
        np.linspace(0, 1, 70).reshape(7, 10),
        np.zeros(0),
    ],
)
def test_packing_loses_nothing(array: NDArray[Any]) -> None:
    packed = without_zeros(array)
    again = (
        narrowed(array).astype(array.dtype)
        if packed is None
        else with_zeros(*packed, list(array.shape))
    )
    assert (
        again.dtype == array.dtype
        and again.shape == array.shape
        and again.tobytes() == array.tobytes()
    )


@pytest.mark.parametrize("shape", [[200], [-1], [2, True], ["3"], [10**9, 10**9], []])
def test_unpacking_refuses_other_shapes(shape: list[Any]) -> None:
    packed = without_zeros(np.where(np.arange(99) % 2, 0.0, 1.0))
    assert packed is not None
    with pytest.raises(BundleError):
        with_zeros(*packed, shape)


@pytest.mark.parametrize(
    ("kept", "signal", "good"),
    [(0.9, 0.2, True), (0.6, 0.2, False), (0.6, 0.0, True), (0.9, 3.0, False)],
)
def test_little_of_what_is_explained_is_lost(kept: float, signal: float, good: bool) -> None:
    """Under much noise .5 % of the error may be most of what is known; under little noise the error
    decides.
    """
    rng = np.random.default_rng(0)
    f, noise = rng.normal(size=(4_000, 1)), rng.normal(size=(4_000, 1))
    goal = RegressionGoal(Sample.plain(f, signal * f + noise), np.zeros(1), np.ones(1))
    full, fewer = (
        goal.score(
            [
                Part(
                    "any",
                    share * max(signal, 0.01) * f,
                    Affine(torch.eye(1), torch.zeros(1)),
                    lambda X: X,
                )
            ]
        )
        for share in (1.0, kept)
    )
    compactor = Compactor(
        goal, full, {}, small=False, budget=None, seed=0, n_jobs=1, control=Control()
    )
    assert compactor.as_good(fewer) == good
    if signal == 0.2:
        assert fewer.error <= 1.005 * full.error


@pytest.mark.parametrize(
    ("losses", "promised"),
    [([0.5], True), ([0.2, 0.1], False), ([0.2, 0.02], True), ([math.inf, 0.1], True)],
)
def test_a_double_is_tried_where_the_loss_may_fall_to_one_hundredth(
    losses: list[float], promised: bool
) -> None:
    """.2, .1 → .05; .2, .02 → .002."""
    assert promises(losses, 0.01) == promised


@pytest.mark.parametrize(
    ("n", "predicted", "searched"),
    [(7_999, 401, True), (8_000, 401, False), (8_000, 400, True), (7_999, 1_601, False)],
)
def test_fewer_centres_are_searched_where_theory_does_not_ask_for_more(
    n: int, predicted: int, searched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 centres: up to 4 times that number below 8,000 rows, up to that number from there on."""
    part = SimpleNamespace(name="kernel", network=Affine(torch.eye(1), torch.zeros(1)))
    width = SimpleNamespace(centres=predicted, sentence="")
    training = SimpleNamespace(centres=400, sample=SimpleNamespace(n=n), width=lambda seed: width)
    compactor = Compactor(
        cast(Any, None),
        cast(Any, None),
        cast(Any, {"kernel": training}),
        small=False,
        budget=None,
        seed=0,
        n_jobs=1,
        control=Control(),
    )
    calls: list[int] = []
    monkeypatch.setattr(Compactor, "_search", lambda self, *arguments: calls.append(predicted))
    compactor.fewer_centres(cast(Any, SimpleNamespace(parts=[part])))
    assert bool(calls) == searched


def test_a_small_fit_holds_no_row_and_tells_its_width(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(260, 3))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * np.random.default_rng(1).normal(size=260)
    full, small = (
        motifnet.MotifRegressor(preset="fast", size=size, n_jobs=1, profile=None).fit(X, y)
        for size in ("compact", "small")
    )
    note = small.ledger_[-1].note
    assert "predicted by dimension" in note and "taken" in note
    model = small.model_
    assert (
        model.kept_rows() is None and model.conformal is None and small.card_.parameters <= 16_000
    )
    centres = [part for part in model.network.modules() if isinstance(part, Distance)]
    near: list[float] = []
    hooks = [
        part.register_forward_hook(
            lambda module, rows, distances: near.append(float(distances.min()))
        )
        for part in centres
    ]
    with torch.inference_mode():
        model.network(torch.as_tensor(small.encode(X)))
    for hook in hooks:
        hook.remove()
    assert centres and min(near) > 1e-6
    small.save(tmp_path / "small.motif")
    assert (tmp_path / "small.motif").stat().st_size <= 200_000
    errors = [model.ledger_[-1].error for model in (full, small)]
    assert errors[0] < errors[1] <= 1.1 * errors[0]
    new, noise = (
        np.random.default_rng(2).normal(size=(500, 3)),
        0.1 * np.random.default_rng(3).normal(size=500),
    )
    truth = np.sin(2 * new[:, 0]) + new[:, 1] * new[:, 2] + noise
    # the score is honest
    assert float(np.sqrt(np.mean((small.predict(new) - truth) ** 2))) <= 1.1 * errors[1] * y.std()
    assert np.array_equal(motifnet.load(tmp_path / "small.motif").predict(new), small.predict(new))
