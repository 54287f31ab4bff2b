"""The race: targets, censored times and advantages of made-up curves; every racer leaves a curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from benchmarks._race_report import picture, report

from motifnet.lab.race import RACERS, BestSoFar, Split, Start, Task, advantages, firsts, installed, target_of, time_to, times


def curve(method: str, *points: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(points, columns=["seconds", "nrmse"]).assign(method=method, cap=100)


CURVES = {
    "a": pd.concat([curve("ours", (1, 0.3), (4, 0.2)), curve("RealMLP", (60, 0.204)), curve("SWIM", (2, 0.4), (3, 0.21))]),
    "b": pd.concat([curve("ours", (1, 0.5), (9, 0.5)), curve("RealMLP", (30, 0.6)), curve("SWIM", (0.5, 0.505))]),
}


def test_the_target_is_two_per_cent_above_the_least_error() -> None:
    assert target_of(CURVES["a"]) == pytest.approx(0.204)
    assert time_to(CURVES["a"].query("method == 'ours'"), 0.204) == (4, True)
    assert time_to(CURVES["b"].query("method == 'RealMLP'"), 0.51) == (30, False)


def test_firsts_and_advantages() -> None:
    table = times(CURVES)
    assert firsts(table).to_dict() == {"a": "ours", "b": "SWIM"}
    assert advantages(table).to_dict() == {"a: RealMLP": 15, "b: RealMLP": 30}


def test_an_advantage_where_ours_never_arrives_is_none() -> None:
    curves = {"a": pd.concat([curve("ours", (1, 0.3)), curve("RealMLP", (60, 0.2))])}
    assert advantages(times(curves)).tolist() == [0]


def test_report_and_picture(tmp_path: Path) -> None:
    text = report(CURVES)
    for words in ("**1 of 2**", "advantage over the gradient-trained networks 22.5", "| b | 0.5100 | 1.0 | > 30 (.6000) | 0.5 | SWIM |"):
        assert words in text
    picture(CURVES, tmp_path / "race.svg")
    assert (tmp_path / "race.svg").read_text().startswith("<?xml")


def start() -> Start:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    table = pd.DataFrame(X, columns=["a", "b", "c"]).assign(target=np.sin(X[:, 0]) + X[:, 1])
    data = Split(table[:150].reset_index(drop=True), table[150:].reset_index(drop=True))
    tensors = [torch.as_tensor(part.to_numpy(), dtype=torch.float32) for part in (data.train, data.test)]
    task = Task(tensors[0][:, :3], tensors[0][:, 3:], tensors[1][:, :3], lambda values: data.nrmse(values.ravel()))
    return Start(task, data, 3.0, 2_000)


def test_the_clock_stands_still_for_the_test_rows() -> None:
    task = start().task
    course = BestSoFar(task)
    course.offer(1.0, lambda X: np.zeros((len(X), 1)))
    course.offer(2.0, lambda X: pytest.fail("a worse candidate is not predicted with"))
    assert len(course.end()) == 2 and course.aside > 0


@pytest.mark.parametrize("method", [name for name in RACERS if name != "RealMLP"])
def test_every_racer_learns(method: str) -> None:
    if not installed(method):
        pytest.skip("not installed")
    [(setting, points)] = RACERS[method](start())
    assert setting
    assert np.diff([seconds for seconds, _ in points]).min(initial=0) >= 0
    assert points[-1][1] < 0.8
