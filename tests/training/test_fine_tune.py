"""Fine-tuning: nothing but parameters moves, the same on any number of ranks, and no epoch at all
can win.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motifnet.engine import Control, Matrix, UsageError
from motifnet.kernels import Kernel
from motifnet.motifs import Hinge
from motifnet.tables import Sample, make_folds
from motifnet.training import (
    FineTuneSettings,
    choose_epochs,
    fine_tune,
    fine_tune_stage,
    pick_epochs,
)
from motifnet.transfer import kernel_network

QUICK = FineTuneSettings(epochs=4, batch=32, rate=1e-2)


def rows(n: int = 150, d: int = 3, noise: float = 0.1, seed: int = 0) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, (np.sin(X.sum(1)) + X[:, 0] + noise * rng.normal(size=n))[:, None]


def built(X: Matrix, y: Matrix, seed: int = 1) -> nn.Module:
    """A kernel network with a hinge layer: parameters of every kind, and knots as buffers."""
    rng = np.random.default_rng(seed)
    kernel = Kernel(("laplace1", "gaussian"), np.array([0.6, 0.4]), np.array([0.3, 0.4]))
    knots = torch.linspace(-2, 2, 5, dtype=torch.float64).expand(X.shape[1], 5)
    hinge = Hinge(knots, torch.ones(X.shape[1], 4, dtype=torch.float64))
    return kernel_network(
        kernel,
        X[:20] + 2,
        0.1 * rng.normal(size=(20, y.shape[1])),
        np.zeros(y.shape[1]),
        [hinge],
        np.eye(X.shape[1]),
    )


def relu_network(d: int, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(d, 16), nn.ReLU(), nn.Linear(16, 1)).double()


def values(network: nn.Module) -> list[Tensor]:
    return [t.detach().clone() for t in network.state_dict().values()]


def test_only_parameters_of_a_copy_move_and_the_error_falls() -> None:
    X, y = rows()
    network = built(X, y).train()
    before, random_state = values(network), torch.get_rng_state()
    tuned = fine_tune(network, X, y, settings=replace(QUICK, epochs=20, rate=5e-2))
    assert all(torch.equal(a, b) for a, b in zip(before, values(network), strict=True))
    assert torch.equal(random_state, torch.get_rng_state())
    moved = {
        name
        for name, p in tuned.named_parameters()
        if not torch.equal(p, network.get_parameter(name))
    }
    assert moved == {name for name, _ in network.named_parameters()}
    assert all(torch.equal(b, tuned.get_buffer(name)) for name, b in network.named_buffers())
    assert tuned.training
    assert all(p.grad is None for p in tuned.parameters())
    with torch.no_grad():
        errors = [
            float(((f(torch.as_tensor(X)).numpy() - y) ** 2).mean()) for f in (network, tuned)
        ]
    assert errors[1] < 0.9 * errors[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_repeats_itself_in_the_type_of_the_network(dtype: torch.dtype) -> None:
    X, y = rows()
    network = relu_network(3, 0).to(dtype)
    first, again = (fine_tune(network, X, y, settings=QUICK, seed=5) for _ in range(2))
    assert all(
        torch.equal(a, b) and a.dtype == dtype
        for a, b in zip(values(first), values(again), strict=True)
    )
    other = fine_tune(network, X, y, settings=QUICK, seed=6)
    assert not torch.equal(values(first)[0], values(other)[0])


def test_dropout_draws_nothing_and_running_means_stay() -> None:
    X, y = rows()
    network = nn.Sequential(
        nn.BatchNorm1d(3), nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1)
    ).double()
    random_state = torch.get_rng_state()
    tuned = fine_tune(network, X, y, settings=QUICK)
    assert torch.equal(random_state, torch.get_rng_state())
    assert torch.equal(tuned.get_buffer("0.running_mean"), torch.zeros(3, dtype=torch.float64))


@pytest.mark.parametrize("kind", ["relu", "kernel"])
def test_first_step_is_along_the_signs_and_moves_predictions_by_the_rate_at_most(kind: str) -> None:
    """Adam's first step is −rate · s_t · sign(g), with s_t the root mean square of tensor t or
    less.
    """
    X, y = rows()
    network = relu_network(3, 0) if kind == "relu" else built(X, 30 * y)
    if kind == "kernel":  # large weights that cancel
        last = dict(network.named_parameters())["parts.2.weight"]
        with torch.no_grad():
            last.mul_(1e4)
    rate, f = 1e-3, network(torch.as_tensor(X)).detach()
    spread = max(float(f.std(unbiased=False)), float(y.std()))
    tuned = fine_tune(
        network, X, y, settings=FineTuneSettings(epochs=1, batch=10**6, rate=rate, anchor=0.0)
    )
    for (name, p), q in zip(network.named_parameters(), tuned.parameters(), strict=True):
        steps = (p - q).detach().abs().ravel()
        steps = steps[steps > 0]
        assert float(steps.max() / steps.median()) < 1.01
        assert float(steps.max()) <= 1.001 * rate * (
            float(p.detach().square().mean().sqrt()) or 1.0
        )
        alone = copy.deepcopy(network)
        with torch.no_grad():
            alone.get_parameter(name).copy_(q)
            moved = float((alone(torch.as_tensor(X)) - f).square().mean().sqrt())
        assert moved <= 1.01 * rate * spread


def test_some_epochs_of_a_run_are_the_beginning_of_it() -> None:
    X, y = rows()
    network, seen = relu_network(3, 0), []
    fine_tune(
        network, X, y, settings=QUICK, watch=lambda done, now: seen.append((done, values(now)))
    )
    assert [done for done, _ in seen] == [0, 1, 2, 3, 4]
    for done in (0, 2):
        part = fine_tune(network, X, y, settings=QUICK, epochs=done)
        assert all(torch.equal(a, b) for a, b in zip(values(part), seen[done][1], strict=True))


def test_weights_are_repeated_rows_in_one_batch() -> None:
    X, y = rows(40)
    w = 1.0 + (np.arange(40) % 2)
    settings = FineTuneSettings(epochs=5, batch=1000)
    network, twice = relu_network(3, 0), np.repeat(np.arange(40), w.astype(int))
    weighted = fine_tune(network, X, y, weight=w, settings=settings)
    repeated = fine_tune(network, X[twice], y[twice], settings=settings)
    for a, b in zip(values(weighted), values(repeated), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-9)


def test_anchor_holds_the_network_where_it_was() -> None:
    X, y = rows()
    network = relu_network(3, 0)

    def moved(anchor: float) -> float:
        tuned = fine_tune(
            network, X, y, settings=FineTuneSettings(epochs=10, batch=32, rate=1e-2, anchor=anchor)
        )
        return sum(
            float((a - b).square().sum())
            for a, b in zip(values(network), values(tuned), strict=True)
        )

    assert moved(10.0) < 0.5 * moved(0.1) < moved(0.0)


def test_a_stop_returns_the_last_finished_epoch() -> None:
    X, y = rows()
    control, network = Control(), relu_network(3, 0)
    control.interrupted.set()
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            values(fine_tune(network, X, y, settings=QUICK, control=control)),
            values(network),
            strict=True,
        )
    )
    control = Control()

    def stop_after_two(done: int, now: nn.Module) -> None:
        if done == 2:
            control.interrupted.set()

    stopped = fine_tune(network, X, y, settings=QUICK, control=control, watch=stop_after_two)
    two = fine_tune(network, X, y, settings=QUICK, epochs=2)
    assert all(torch.equal(a, b) for a, b in zip(values(stopped), values(two), strict=True))


def test_an_epoch_without_finite_values_is_undone() -> None:
    X, y = rows()
    y[0] = np.nan
    network = relu_network(3, 0)
    tuned = fine_tune(network, X, y, settings=FineTuneSettings(epochs=3))
    assert all(torch.equal(a, b) for a, b in zip(values(tuned), values(network), strict=True))


def test_settings_and_rows_are_checked() -> None:
    X, y = rows()
    with pytest.raises(UsageError, match="rate > 0"):
        FineTuneSettings(rate=0.0)
    with pytest.raises(UsageError, match="150, 149"):
        fine_tune(relu_network(3, 0), X, y[1:])


def test_epochs_are_chosen_by_rows_that_the_training_has_not_seen() -> None:
    X, y = rows(240)
    sample = Sample.plain(X, y, folds=3)
    start, settings = relu_network(3, 0), FineTuneSettings(epochs=6, batch=32, rate=2e-2)
    asked = []

    def make_network(k: int) -> nn.Module:
        asked.append(k)
        return start

    choice = choose_epochs(make_network, sample, settings=settings, seed=3)
    assert sorted(asked) == [0, 1, 2]
    for e in (0, 2):  # the curve is that of runs on the training rows alone
        tuned = [
            fine_tune(
                start,
                X[sample.folds.train(k)],
                y[sample.folds.train(k)],
                settings=settings,
                epochs=e,
                seed=3,
            )
            for k in range(3)
        ]
        with torch.no_grad():
            f = np.stack(
                [
                    tuned[k](torch.as_tensor(x[None])).numpy()[0]
                    for k, x in zip(sample.folds.of, X, strict=True)
                ]
            )
        assert choice.errors[e] == pytest.approx(float(((y - f) ** 2).mean()), rel=1e-12)
    assert choice.epochs > 0
    assert choice.error == pytest.approx(float(((y - choice.oof) ** 2).mean()), rel=1e-12)
    assert choice.error >= choice.errors.min() - 1e-15

    stage = fine_tune_stage(start, make_network, sample, settings=settings, seed=3)
    final = fine_tune(start, X, y, settings=settings, epochs=choice.epochs, seed=3)
    assert stage.kept
    assert stage.epochs == choice.epochs
    assert stage.error_after < stage.error_before
    assert all(torch.equal(a, b) for a, b in zip(values(stage.network), values(final), strict=True))
    threads = fine_tune_stage(start, make_network, sample, settings=settings, seed=3, n_jobs=3)
    assert np.array_equal(threads.oof, stage.oof)


def test_step_zero_wins_where_there_is_nothing_to_learn() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 4)), rng.normal(size=(200, 1))
    start = relu_network(4, 0)
    with torch.no_grad():
        last = start[-1]  # type: ignore[index]
        last.weight.mul_(0.0)
        last.bias.mul_(0.0)
    stage = fine_tune_stage(
        start,
        lambda k: start,
        Sample.plain(X, y),
        settings=FineTuneSettings(epochs=10, batch=20, rate=3e-2),
    )
    assert stage.network is start
    assert (stage.epochs, stage.kept) == (0, False)
    assert np.allclose(stage.oof, 0)


def test_the_choice_asks_for_more_than_noise() -> None:
    rng, one, units = np.random.default_rng(0), np.ones(400), np.arange(400)
    base = rng.uniform(1, 2, 400)
    assert pick_epochs(np.stack([base, base - 1.0]), one, units) == 1
    assert pick_epochs(np.stack([base, base * (1 - 9e-4)]), one, units) == 0
    noisy = np.stack([base, base - 0.01 + rng.normal(size=400)])
    assert pick_epochs(noisy, one, units) == 0
    # one group of four gains: no evidence
    few = np.stack([base, base - np.where(np.arange(400) < 100, 0.2, -0.01)])
    assert pick_epochs(few, one, units) == 1
    assert pick_epochs(few, one, np.arange(400) // 100) == 0


def test_time_scores_look_forward_and_unscored_rows_have_no_prediction() -> None:
    X, y = rows(200)
    time = np.arange(200.0)
    sample = Sample(X, y, np.ones(200), make_folds(200, 3, 0, time=time), time=time)
    choice = choose_epochs(lambda k: relu_network(3, 0), sample, settings=QUICK)
    assert np.array_equal(np.isnan(choice.oof[:, 0]), sample.folds.of < 0)
    changed = copy.deepcopy(y)
    changed[sample.folds.of == 2] += 10
    again = choose_epochs(
        lambda k: relu_network(3, 0),
        Sample(X, changed, sample.weight, sample.folds, time=time),
        settings=QUICK,
    )
    earlier = (sample.folds.of >= 0) & (sample.folds.of < 2)
    assert np.array_equal(choice.before[earlier], again.before[earlier])


def test_a_stop_while_choosing_keeps_the_network() -> None:
    X, y = rows(100)
    control, start = Control(), relu_network(3, 0)
    control.interrupted.set()
    stage = fine_tune_stage(
        start, lambda k: start, Sample.plain(X, y), settings=QUICK, control=control
    )
    assert stage.network is start
    assert not stage.kept
    assert np.isfinite(stage.oof).all()


RANKS = """
import sys, numpy as np, torch
from motifnet.training import FineTuneSettings, fine_tune_stage
from motifnet.tables import Sample
rng = np.random.default_rng(0)
X = rng.normal(size=(301, 3))
sample = Sample.plain(X, np.sin(X.sum(1)) + X[:, 0], folds=2)
torch.manual_seed(0)
start = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)).double()
stage = fine_tune_stage(start, lambda k: start, sample, settings=FineTuneSettings(epochs=8, batch=50, rate=2e-2), n_jobs=2)
flat = torch.cat([p.detach().ravel() for p in stage.network.parameters()]).numpy()
rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else "alone"
np.savez(f"{sys.argv[1]}/{rank}.npz", epochs=stage.epochs, weights=flat, oof=stage.oof)
"""


@pytest.mark.slow
def test_two_ranks_of_torchrun_give_what_one_process_gives(tmp_path: Path) -> None:
    script = tmp_path / "ranks.py"
    script.write_text(RANKS)
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for command in ([], launcher):
        done = subprocess.run(
            [sys.executable, *command, str(script), str(tmp_path)],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    alone, first, second = (np.load(tmp_path / f"{name}.npz") for name in ("alone", "0", "1"))
    assert alone["epochs"] == first["epochs"] == second["epochs"] > 0
    for part in ("weights", "oof"):
        assert np.array_equal(first[part], second[part])
        assert np.abs(first[part] - alone[part]).max() < 1e-12
