"""The figure of the lab on curves meets what theory says."""

from __future__ import annotations

from pathlib import Path

import pytest

from motifnet.lab import _functional


@pytest.mark.slow
def test_comparisons_are_met(tmp_path: Path) -> None:
    facts = _functional.run(True, tmp_path)
    assert [check.sentence for check in facts.checks if not check.passed] == []
    assert all((tmp_path / name).exists() for name in facts.files)
