"""Small networks: the gradient of the split loss, few trained centres that are no rows, and errors
that are what the tolerance says.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import motifnet
from motifnet.compress import (
    Point,
    TradeOff,
    among,
    before_residual,
    has_trees,
    mixed_rows,
    output_layer,
    own_rows,
    split_loss,
    unwarped,
    with_trees,
)
from motifnet.compress._compress import _falls_short
from motifnet.engine import DataError, Matrix, MotifnetWarning, UsageError
from motifnet.kernels import Kernel
from motifnet.motifs import Affine, Chain, Distance, Hinge, ReLU, Residual, evaluate
from motifnet.transfer import kernel_network
from tests.shared.command import done, run

UNITS = 24


def _table(n: int, seed: int) -> tuple[pd.DataFrame, Matrix]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": rng.uniform(-2, 2, n),
            "kind": rng.choice(["x", "y", "z"], n),
        }
    )
    y = np.sin(2 * X["a"]) + X["b"] * (X["kind"] == "x") + 0.1 * rng.normal(size=n)
    return X, y.to_numpy()


@pytest.fixture(scope="module")
def fitted() -> motifnet.MotifRegressor:
    X, y = _table(250, 0)
    return motifnet.MotifRegressor(preset="fast", n_jobs=1).fit(X, y)


@pytest.fixture(scope="module")
def small(fitted: motifnet.MotifRegressor) -> motifnet.MotifRegressor:
    return fitted.compress(max_units=UNITS)


def _centres(network: torch.nn.Module) -> list[Distance]:
    return [part for part in network.modules() if isinstance(part, Distance)]


def test_gradient_of_the_split_loss() -> None:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    root = draw(5, 5)
    at = {
        "K_a": draw(20, 5),
        "K_b": draw(9, 5),
        "gram": root @ root.T + torch.eye(5),
        "log_ridge": torch.tensor(-3.0, dtype=torch.float64),
    }
    y_a, y_b = draw(20, 2), draw(9, 2)

    def value(name: str, direction: torch.Tensor, h: float) -> float:
        moved = {**at, name: at[name] + h * direction}
        return split_loss(
            moved["K_a"], y_a, moved["K_b"], y_b, moved["gram"], moved["log_ridge"].exp()
        ).value

    loss = split_loss(at["K_a"], y_a, at["K_b"], y_b, at["gram"], at["log_ridge"].exp())
    for name, gradient in {
        "K_a": loss.fitted,
        "K_b": loss.scored,
        "gram": loss.gram,
        "log_ridge": loss.log_ridge,
    }.items():
        direction = draw(*at[name].shape)
        direction = direction + direction.T if name == "gram" else direction
        assert float((gradient * direction).sum()) == pytest.approx(
            (value(name, direction, 1e-6) - value(name, direction, -1e-6)) / 2e-6, rel=1e-5
        )


def test_output_layer_interpolates_a_function_of_its_own_kind() -> None:
    X = torch.linspace(-1, 1, 40, dtype=torch.float64)[:, None]
    kernel = Kernel(("gaussian",), np.ones(1), np.ones(1))
    K, gram = kernel.gram(X, X[::8]), kernel.gram(X[::8], X[::8])
    beta = torch.arange(5.0, dtype=torch.float64)[:, None]
    found, b = output_layer(K, K @ beta + 3, gram, torch.tensor(1e-14, dtype=torch.float64))
    assert torch.allclose(K @ found + b, K @ beta + 3, atol=1e-4)


def test_warps_are_undone() -> None:
    rng = np.random.default_rng(0)
    hinge = Hinge(
        torch.as_tensor(np.sort(rng.normal(size=(3, 6)), axis=1)),
        torch.as_tensor(rng.uniform(0.2, 3, (3, 5))),
    )
    X = 3 * rng.normal(size=(50, 3))
    assert np.allclose(unwarped(hinge, hinge(torch.as_tensor(X)).detach().numpy()), X, atol=1e-12)


def test_a_residual_block_is_undone_where_it_changes_less_than_its_input() -> None:
    rng = np.random.default_rng(0)
    W1, W2 = (torch.as_tensor(rng.normal(size=shape)) for shape in ((8, 3), (3, 8)))
    body = Chain(
        [Affine(W1, torch.zeros(8).double()), ReLU(), Affine(0.02 * W2, torch.zeros(3).double())]
    )
    X, block = rng.normal(size=(50, 3)), Residual(body)
    assert np.allclose(
        before_residual(block, block(torch.as_tensor(X)).detach().numpy()), X, atol=1e-10
    )


def test_a_fit_carries_its_rows(fitted: motifnet.MotifRegressor) -> None:
    rows, X = own_rows(fitted.model_.network, fitted.model_.d), fitted.encode(_table(250, 0)[0])
    assert rows is not None and len(rows) == 250
    assert among(rows, X).all() and among(X, rows).all()


def test_mixed_rows_stay_in_the_box_and_in_their_categories() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(60, 2)), np.eye(3)[rng.integers(3, size=60)]])
    mixed = mixed_rows(X, 400, rng)
    assert (mixed >= X.min(0) - 1e-12).all() and (mixed <= X.max(0) + 1e-12).all()
    assert (np.sort(mixed[:, 2:], axis=1) == [0, 0, 1]).all()


def test_units_and_rows(
    fitted: motifnet.MotifRegressor, small: motifnet.MotifRegressor, tmp_path: Path
) -> None:
    centres = _centres(small.model_.network)
    assert centres and all(len(part.centres) == UNITS for part in centres)
    from_rows: list[float] = []
    hooks = [
        part.register_forward_hook(
            lambda module, x, distances: from_rows.append(float(distances.min()))
        )
        for part in centres
    ]
    with torch.inference_mode():
        small.model_.network(torch.as_tensor(small.encode(_table(250, 0)[0])))
    for hook in hooks:
        hook.remove()
    # no centre is a row of the table
    assert len(from_rows) >= len(centres) and min(from_rows) > 1e-6
    small.save(tmp_path / "small.motif")
    fitted.save(tmp_path / "full.motif")
    assert (tmp_path / "small.motif").stat().st_size < 0.5 * (
        tmp_path / "full.motif"
    ).stat().st_size


def test_predictions_stay_close(
    fitted: motifnet.MotifRegressor, small: motifnet.MotifRegressor
) -> None:
    X, y = _table(500, 1)
    errors = [float(np.sqrt(np.mean((model.predict(X) - y) ** 2))) for model in (fitted, small)]
    assert errors[1] < 1.15 * errors[0]
    assert small.to_torch()(torch.zeros(3, small.model_.d)).dtype == torch.float32
    row = small.ledger_[-1]
    assert row.stage == f"{UNITS} units" and row.kept and row.parameters == small.card_.parameters
    assert small.certificate_.note == "distilled" and small.certificate_.on_data > 0


def test_no_row_is_kept_for_shifts(
    fitted: motifnet.MotifRegressor, small: motifnet.MotifRegressor
) -> None:
    full, bare = fitted.model_.reference, small.model_.reference
    assert full is not None and bare is not None
    assert full.rows is not None and bare.rows is None and bare.columns == full.columns


def test_saved_and_exported(small: motifnet.MotifRegressor, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    X = _table(100, 2)[0]
    small.save(tmp_path / "m.motif")
    assert (motifnet.load(tmp_path / "m.motif").predict(X) == small.predict(X)).all()
    assert small.to_onnx(tmp_path / "m.onnx").max_difference < 1e-10


@pytest.mark.usefixtures("short_fits")
def test_same_seed_same_network(fitted: motifnet.MotifRegressor) -> None:
    X = _table(100, 2)[0]
    before = torch.random.get_rng_state(), np.random.get_state()[1].tolist()  # type: ignore[index]
    one, again = (fitted.compress(max_units=UNITS) for _ in range(2))
    assert (again.predict(X) == one.predict(X)).all()
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()  # type: ignore[index]


@pytest.mark.usefixtures("short_fits")
def test_a_model_that_got_no_smaller_is_told(
    fitted: motifnet.MotifRegressor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motifnet.pipeline._compress.pack", lambda model: [b"the same bytes"])
    with pytest.warns(
        MotifnetWarning,
        match=r"takes 14 bytes, the full one 14\. Keep the full "
        r"one",
    ):
        fitted.compress(max_units=UNITS)


def test_tolerance_holds_on_new_rows(fitted: motifnet.MotifRegressor) -> None:
    X, y = _table(400, 3)
    model = fitted.compress(X, y, tolerance=0.1)
    kept = [row for row in model.ledger_[len(fitted.ledger_) :] if row.kept]
    assert len(kept) == 1
    X, y = _table(2_000, 4)
    errors = [float(np.sqrt(np.mean((m.predict(X) - y) ** 2))) for m in (fitted, model)]
    assert errors[1] < 1.1 * errors[0]


@pytest.mark.usefixtures("short_fits")
def test_tolerance_that_no_size_reaches_is_told() -> None:
    X = np.random.default_rng(0).uniform(-1, 1, (120, 2))
    network = motifnet.mimic(
        KernelRidge(kernel="rbf", gamma=2.0, alpha=1e-3).fit(X, np.sin(3 * X[:, 0]) + X[:, 1])
    )
    with pytest.warns(MotifnetWarning, match="tolerance"):
        small = network.compress(tolerance=0.0)
    assert len(small.ledger) >= 1 and small.d == network.d


@pytest.mark.usefixtures("short_fits")
def test_trade_off_falls(fitted: motifnet.MotifRegressor) -> None:
    curve = fitted.network_.trade_off(sizes=(32, 4))
    assert [point.units for point in curve.points] == [4, 32]
    assert (
        curve.points[0].difference > curve.points[-1].difference
        and curve.points[0].bytes < curve.points[-1].bytes < curve.full.bytes
    )
    assert curve.full.difference == 0 and "difference" in str(curve)


def test_knee() -> None:
    points = tuple(
        Point(units, 0.1, error, 1.0, 1, 1.0)
        for units, error in ((32, 1.5), (64, 1.01), (128, 1.0))
    )
    curve = TradeOff(points[0], points)
    assert curve.knee.units == 64
    assert [line.split()[0] for line in str(curve).splitlines() if line.endswith("knee")] == ["64"]
    close = (Point(32, 0.04, 1.5, 1.0, 1, 1.0), *points[1:])
    assert TradeOff(points[0], close).knee.units == 32


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("wrap", ["scaler", "rotation", "target"])
def test_rows_behind_an_affine_map_are_found(wrap: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) * [1, 1_000, 1e-3] + [0, 5_000, 0]
    y = np.sin(X[:, 0]) + X[:, 1] / 1_000 + 1_000 * X[:, 2]
    input_layer = {
        "scaler": make_pipeline(StandardScaler()),
        "rotation": make_pipeline(StandardScaler(), PCA(3)),
        "target": StandardScaler(),
    }[wrap]
    model = TransformedTargetRegressor(
        make_pipeline(input_layer, KernelRidge(kernel="rbf", alpha=0.01)),
        transformer=StandardScaler(),
    )
    network = motifnet.mimic(model.fit(X, y), X)
    rows = own_rows(network.module, 3)
    assert rows is not None and np.allclose(np.sort(rows, 0), np.sort(X, 0), rtol=1e-9)
    small = network.compress()
    assert small.ledger[-1].kept and np.corrcoef(small(X)[:, 0], network(X)[:, 0])[0, 1] > 0.99


def test_rows_behind_fewer_columns_are_not_found() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    network = motifnet.mimic(make_pipeline(PCA(2), KernelRidge(kernel="rbf")).fit(X, X[:, 0]), X)
    assert own_rows(network.module, 3) is None


def test_sizes_that_must_fall_short_are_left_out() -> None:
    full, point = (
        Point(1_000, 0.0, 0.1, 1.0, 1, 1.0),
        Point(32, 0.1, math.hypot(0.1, 0.1), 1.0, 1, 1.0),
    )
    # squares of the excess have to fall by 25, which takes 25^(2/3) times as many units
    limit = math.hypot(0.1, 0.02)
    assert [
        units for units in (64, 128, 256, 512) if not _falls_short(point, units, full, limit)
    ] == [512]
    assert not _falls_short(point, 64, full, float("inf"))


def test_trees_take_up_jumps() -> None:
    X = np.random.default_rng(0).uniform(-1, 1, (400, 2))
    jumps = np.column_stack([X[:, 0] > 0, X[:, 1] > 0.5]).astype(np.float64)
    nothing = Affine(torch.zeros(2, 2).double(), torch.zeros(2).double())
    network = with_trees(nothing, X, jumps, seed=0)
    assert has_trees(network) and not has_trees(nothing)
    assert np.sqrt(np.mean((evaluate(network, torch.as_tensor(X)).numpy() - jumps) ** 2)) < 0.1


def test_classes_by_their_logits() -> None:
    X, y = _table(250, 0)
    labels = np.where(y > 0.5, "high", np.where(y < -0.5, "low", "middle"))
    model = motifnet.MotifClassifier(preset="fast", n_jobs=1).fit(X, labels)
    small = model.compress(max_units=UNITS)
    new, target = _table(400, 5)
    truth = np.where(target > 0.5, "high", np.where(target < -0.5, "low", "middle"))
    proba = small.predict_proba(new)
    assert np.allclose(proba.sum(1), 1) and (proba >= 0).all()
    assert (small.predict(new) == truth).mean() > (model.predict(new) == truth).mean() - 0.05
    with pytest.raises(DataError, match="'other'"):
        model.compress(new, ["other"] * len(new), max_units=8)


@pytest.mark.usefixtures("short_fits")
def test_a_network_of_another_library() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (200, 2))
    network = motifnet.mimic(
        KernelRidge(kernel="rbf", gamma=2.0, alpha=1e-3).fit(X, np.sin(3 * X[:, 0]) + X[:, 1])
    )
    small = network.compress(max_units=20, X=rng.uniform(-1, 1, (150, 2)))
    inside = rng.uniform(-0.9, 0.9, (200, 2))
    assert np.abs(small(inside) - network(inside)).mean() < 0.05


@pytest.mark.usefixtures("short_fits")
def test_errors(fitted: motifnet.MotifRegressor) -> None:
    X, y = _table(250, 0)
    with pytest.raises(UsageError, match="max_units or tolerance"):
        fitted.compress(max_units=3, tolerance=0.1)
    with pytest.raises(UsageError, match="max_units=0"):
        fitted.compress(max_units=0)
    with pytest.raises(UsageError, match="tolerance=-1"):
        fitted.compress(tolerance=-1)
    with pytest.raises(DataError, match="rows that the network was fitted on"):
        fitted.compress(X, y, max_units=8)
    with pytest.raises(DataError, match="1 outputs, y has 2"):
        fitted.compress(_table(60, 9)[0], np.zeros((60, 2)), max_units=8)
    with pytest.raises(DataError, match="without X"):
        fitted.compress(y=y, max_units=8)
    with pytest.raises(DataError, match="at least 20"):
        fitted.compress(X[:5], max_units=8)


def test_texts_and_gaps_are_not_compressed() -> None:
    levels = pd.DataFrame({"town": ["Ulm", "Bonn"] * 20, "area": np.arange(40.0)})
    encoder = ColumnTransformer([("town", OneHotEncoder(), ["town"])], remainder="passthrough")
    network = motifnet.mimic(
        make_pipeline(encoder, LinearRegression()).fit(levels, levels["area"]), levels
    )
    with pytest.raises(UsageError, match="'Bonn', 'Ulm'"):
        network.compress(X=levels)
    X = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(DataError, match="missing or infinite"):
        motifnet.mimic(KernelRidge(kernel="rbf").fit(X, X[:, 0])).compress(
            X=np.where(X > 2, np.nan, X) * np.inf
        )


@pytest.mark.usefixtures("short_fits")
def test_nothing_to_compress() -> None:
    X = np.random.default_rng(0).normal(size=(100, 3))
    linear = motifnet.mimic(LinearRegression().fit(X, X.sum(1)))
    with pytest.raises(UsageError, match="carries no rows"):
        linear.compress(max_units=8)
    with pytest.raises(UsageError, match="nothing to compress"):
        linear.compress(max_units=8, X=X)


def test_centres_of_another_width_are_no_rows() -> None:
    kernel = Kernel(("laplace1",), np.ones(1), np.ones(1))
    network = kernel_network(kernel, np.zeros((4, 3)), np.ones((4, 1)), np.zeros(1))
    assert own_rows(network, 5) is None


@pytest.mark.usefixtures("short_fits")
def test_command_line(fitted: motifnet.MotifRegressor, tmp_path: Path) -> None:
    fitted.save(tmp_path / "full.motif")
    _table(100, 6)[0].to_csv(tmp_path / "rows.csv", index=False)

    place = tmp_path / "small.motif"
    full, rows = tmp_path / "full.motif", tmp_path / "rows.csv"
    assert "8 units" in done("compress", full, rows, "--max-units", 8, "--out", place).stdout
    assert "It holds no row of the table" in run("show", place).stdout
    both = ("--max-units", 8, "--tolerance", 0.1)
    assert run("compress", full, "--out", tmp_path / "other.motif", *both).exit_code == 2


@pytest.mark.usefixtures("short_fits")
def test_groups_judge_as_a_whole() -> None:
    """Targets that are noise of a group: what learns from one half of a group must not be judged by
    the other.
    """
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(60), 8)
    X = rng.normal(size=(60, 4))[g] + 0.05 * rng.normal(size=(480, 4))
    y = rng.normal(size=60)[g] + 0.1 * rng.normal(size=480)
    model = motifnet.MotifRegressor(preset="fast", profile=None, size="full").fit(
        rng.normal(size=(200, 4)), rng.normal(size=200)
    )
    alone, together = (
        model.compress(X, y, max_units=64, groups=groups).ledger_[-1].error for groups in (None, g)
    )
    assert alone < 0.85 and together > 0.95, (alone, together)
    with pytest.raises(DataError, match="without X"):
        model.compress(groups=g)
