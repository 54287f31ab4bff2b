"""The benchmark of compression: its report says what the rows say, and it finds training rows that
are centres.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks._compression_report import picture, report, summary_table
from benchmarks.compression import rows_inside

from motifnet.kernels import Kernel
from motifnet.transfer import kernel_network


@pytest.fixture
def rows() -> pd.DataFrame:
    lines = [
        ("a", "full", 0.40, 50.0, 4_000_000, 3_000),
        ("a", "SVR", 0.50, 6.0, 300_000, 2_000),
        ("a", "512 units", 0.404, 1.0, 80_000, 512),
        ("b", "full", 0.10, 5.0, 400_000, 300),
        ("b", "SVR", 0.20, 0.6, 30_000, 100),
        ("b", "512 units", 0.11, 0.5, 40_000, 200),
        ("c", "full", 0.10, 5.0, 400_000, 300),
    ]
    frame = pd.DataFrame(lines, columns=["set", "method", "nrmse", "seconds", "bytes", "units"])
    return frame.assign(
        cap=3000,
        preset="fast",
        rows=1000,
        leaves=0,
        inside=[1000 if method != "512 units" else 0 for method in frame.method],
    )


def test_table_and_verdict(rows: pd.DataFrame) -> None:
    table = summary_table(rows, "512 units")
    assert list(table.index) == ["a", "b"]
    assert table.loss.tolist() == pytest.approx([0.01, 0.1])
    assert table["SVR / s"].tolist() == pytest.approx([6.0, 1.2])
    text = report(rows)
    assert "full network's error on **1 of 2**" in text
    assert "faster than SVR on **1 of 2**; geometric mean **2.7**, all tables together 4.4" in text
    assert "training rows inside: 0" in text


def test_nothing_yet(rows: pd.DataFrame) -> None:
    assert report(rows[rows.method == "full"]) == "No table is finished yet.\n"


def test_picture(rows: pd.DataFrame, tmp_path: Path) -> None:
    picture(rows, tmp_path / "compression.svg")
    assert "svg" in (tmp_path / "compression.svg").read_text()


def test_rows_that_are_centres_are_found() -> None:
    rng = np.random.default_rng(0)
    centres, others = rng.normal(size=(5, 3)), rng.normal(size=(20, 3))
    network = kernel_network(
        Kernel(("laplace1", "laplace2"), np.ones(2), np.ones(2)),
        centres,
        np.ones((5, 1)),
        np.zeros(1),
    )
    assert rows_inside(network, np.concatenate([others, centres])) == 5
    assert rows_inside(network, others) == 0
