"""What a newcomer types first: no --out, German numbers, the wrong target, another verb."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.shared.command import done, run

pytestmark = pytest.mark.usefixtures("short_fits")


@pytest.fixture
def flats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """A German table as strings, in `flats.csv` of the working folder."""
    rng = np.random.default_rng(0)
    area = rng.uniform(20, 200, 60)
    frame = pd.DataFrame(
        {
            "number": np.arange(60),
            "code": [f"A-{i:03d}" for i in rng.permutation(60)],
            "area": [f"{a:.1f}".replace(".", ",") for a in area],
            "price": [f"{3e3 * a:,.2f}".translate(str.maketrans(",.", ".,")) for a in area],
        }
    )
    frame.to_csv(tmp_path / "flats.csv", sep=";", index=False)
    monkeypatch.chdir(tmp_path)
    return frame


def test_a_fit_without_out_writes_beside_and_says_what_is_next(flats: pd.DataFrame) -> None:
    fitted = done("fit", "flats.csv", "-t", "price", "--decimal", ",", "--preset", "fast")
    assert "next: motifnet report flats.motif" in fitted.stdout
    assert "'number' numbers the rows; --drop number" in fitted.stderr
    assert "'code' holds another string in every row" in fitted.stderr
    assert Path("flats.motif").exists()
    done("export", "flats.motif")
    assert Path("flats.onnx").exists()
    again = run("fit", "flats.csv", "-t", "price", "--decimal", ",")
    assert again.exit_code == 2 and "flats.motif exists already" in again.stderr


def test_increasing_is_in_the_model_and_in_the_command_that_repeats_it(
    flats: pd.DataFrame,
) -> None:
    options = ["--decimal", ",", "--preset", "fast", "--quiet", "--increasing", "area"]
    done("fit", "flats.csv", "-t", "price", "-o", "m.motif", *options)
    report = done("report", "m.motif").stdout
    assert "--increasing area" in report and "rises with area" in report
    both = run("fit", "flats.csv", "-t", "price", "-o", "n.motif", *options, "--decreasing", "area")
    assert both.exit_code == 2 and "'area' is named by --increasing and" in both.stderr


def test_a_target_in_formatted_numbers_is_no_set_of_classes(flats: pd.DataFrame) -> None:
    result = run("fit", "flats.csv", "-t", "price")
    assert result.exit_code == 3
    assert "Target 'price', row 0" in result.stderr and "--decimal ," in result.stderr
    unique = run("fit", "flats.csv", "-t", "code")
    assert unique.exit_code == 3 and "60 different strings in 60 rows" in unique.stderr


def test_another_verb_names_ours() -> None:
    result = run("explain", "m.motif")
    assert result.exit_code == 2 and "use motifnet report" in result.stderr


def test_standard_input_needs_a_name_for_the_model() -> None:
    result = run("fit", "-", "-t", "y", stdin="x,y\n1,2\n")
    assert result.exit_code == 2 and "no name for the output" in result.stderr


def test_a_file_of_windows_is_refused_with_the_command_that_converts_it(
    flats: pd.DataFrame,
) -> None:
    flats.assign(city="Köln").to_csv("city.csv", index=False, encoding="cp1252")
    result = run("fit", "city.csv", "-t", "price")
    assert "iconv -f cp1252 -t utf-8 city.csv" in result.stderr
