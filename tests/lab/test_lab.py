"""The lab: facts and page from any figure, the command, and the figures themselves against
theory.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from motifnet.engine import UsageError
from motifnet.lab import FIGURES, Check, Facts, figures, files, panels, write_page
from tests.shared.command import run


def line(quick: bool, out: Path) -> Facts:
    """A figure of a line."""
    with panels(out, "line", 1, 1) as axes:
        axes[0, 0].plot([0, 1])
    checks = (Check.near("slope", 1.05, 1.0, 0.1), Check("height < 1", 2.0, 0.0, 0.0, 1.0))
    return Facts("line", "A <line>", quick, ("It rises.",), checks, {"slope": 1.05}, files("line"))


def test_page_holds_figures_and_comparisons(tmp_path: Path) -> None:
    facts = line(True, tmp_path)
    facts.write(tmp_path)
    page = write_page(tmp_path, ["line", "none"]).read_text(encoding="utf-8")
    told = json.loads((tmp_path / "line.json").read_text())
    assert [check["passed"] for check in told["checks"]] == [True, False] and not facts.passed
    assert "A &lt;line&gt;" in page and "1 of 2 comparisons" in page and "height &lt; 1" in page
    assert "http" not in page  # opens without network
    assert Facts.read(tmp_path / "line.json") == facts
    assert "| height < 1 | 2 | 0 | 0 to 1 | – | **missed** |" in (tmp_path / "lab.md").read_text(
        encoding="utf-8"
    )


def test_bounds_without_end_are_written_and_read(tmp_path: Path) -> None:
    facts = Facts(
        "line", "A line", True, (), (Check("growth", 2.5, None, 2.0, math.inf, 0.1, 1.0),)
    )
    facts.write(tmp_path)
    assert "Infinity" not in (tmp_path / "line.json").read_text()
    assert Facts.read(tmp_path / "line.json") == facts
    assert facts.checks[0].sentence == "growth is 2.5 ± 0.2; allowed are at least 2"


def test_bounds_that_allow_no_effect_are_refused() -> None:
    with pytest.raises(UsageError, match="1 is no effect"):
        Check("network / kernel ridge", 0.9, None, 0.0, 1.1, no_effect=1.0)


def test_a_comparison_is_met_with_its_whole_interval() -> None:
    met, wide = (Check("ratio", 0.8, None, 0.0, 0.9, error, 1.0) for error in (0.04, 0.06))
    assert met.passed and not wide.passed


def test_same_numbers_same_files(tmp_path: Path) -> None:
    first = [
        (line(True, tmp_path), [(tmp_path / name).read_bytes() for name in files("line")])[1]
        for _ in range(2)
    ]
    assert first[0] == first[1]


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FIGURES, "line", line)
    out = tmp_path / "deep" / "lab"
    result = run("lab", "line", "--quick", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "line: 1 of 2 comparisons with theory met" in result.stdout
    assert "height < 1 is 2" in result.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        "lab.html",
        "lab.md",
        "line.json",
        "line.png",
        "line.svg",
    ]
    again = run("lab", "line", "--quick", "--out", out)
    assert again.exit_code == 2 and "--force" in again.stderr
    unknown = run("lab", "fig99", "--out", tmp_path)
    assert unknown.exit_code == 2 and "fig5" in unknown.stderr


def test_ctrl_c_leaves_a_page_of_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(quick: bool, out: Path) -> Facts:
        raise KeyboardInterrupt

    for name in list(FIGURES):
        monkeypatch.delitem(FIGURES, name)
    monkeypatch.setitem(FIGURES, "line", line)
    monkeypatch.setitem(FIGURES, "long", stopped)
    result = run("lab", "all", "--quick", "--out", tmp_path)
    assert result.exit_code == 130
    assert "line: figure 1 of 2" in result.stdout and "long: figure 2 of 2" in result.stdout
    assert "holds the 1 of 2 figures that are done" in " ".join(result.stderr.split())
    assert "A &lt;line&gt;" in (tmp_path / "lab.html").read_text(encoding="utf-8")
    first = run("lab", "long", "--out", tmp_path / "first")
    assert first.exit_code == 130 and "holds the 0 of 1 figures" in " ".join(first.stderr.split())
    assert (tmp_path / "first" / "lab.html").exists()


def test_registry() -> None:
    assert figures("all") == FIGURES
    assert list(figures("fig6")) == ["fig6"]
    with pytest.raises(UsageError, match="fig5"):
        figures("fig99")


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_figure_meets_theory(name: str, tmp_path: Path) -> None:
    facts = FIGURES[name](True, tmp_path)
    assert [check for check in facts.checks if not check.passed] == []
    assert all((tmp_path / file).stat().st_size > 5_000 for file in facts.files)
