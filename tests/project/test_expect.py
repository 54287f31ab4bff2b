"""The code of the pages on what to expect, and on monotone models, runs as they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def code(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def run(blocks: list[str]) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "page", "exec"), namespace)
    return namespace


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.slow
def test_sparse_input_classes_and_new_rows() -> None:
    found = run([block for block in code("expect.md") if "skrub" not in block])
    assert found["reduced"].predict(found["counts"][250:]).shape == (50,)
    assert found["both"].score(found["X"], found["Y"]) > 0.8
    first, X = found["first"], found["X"]
    assert found["newer"](first.encode(X)).shape == (200, 1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of skrub and pandas
def test_free_text_by_skrub() -> None:
    pytest.importorskip("skrub")
    found = run([block for block in code("expect.md") if "skrub" in block])
    jobs, pay = found["jobs"][300:], found["pay"][300:]
    assert found["model"].score(jobs, pay) > 0.9 > 0.5 > found["as_categories"].score(jobs, pay)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::motifnet.engine.MotifnetWarning")  # mixtures entered twice
def test_the_monotone_page(capsys: pytest.CaptureFixture[str]) -> None:
    run(code("monotone.md"))
    assert "guaranteed at every input: the prediction rises with cement" in capsys.readouterr().out
