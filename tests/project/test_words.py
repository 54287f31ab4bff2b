"""Names and prose use the words of the field: those of scikit-learn, PyTorch and statistics."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "motifnet").rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# a private word, and what a reader expects in its place
WORDS = {
    r"\btexts\b": "strings",
    r"\bgaps?\b": "missing values",
    r"\b[Ii]nner[ -](layers?|training)\b|\bInner(Layers|Settings|Parameters)\b": "feature layers, feature learning",
    r"\bhopeless\b": "rejected early",
    r"\btold\b|\bmemory_told\b": "report, translate_errors",
    r"\bwish(es)?\b|\basked\b": "request, requested",
    r"\b_?[Jj]udge[ds]?\b": "score, scored",
    r"\bCourse\b|\bsettle\b": "history, record",
    r"\bmade[-_ ]up\b": "synthetic",
    r"\b_?(MOST|LEAST|ENOUGH)(_|\b)": "MAX_, MIN_",
    r"\b(so|as) many\b": "a number",
    r"\bhonest\b": "out of fold",
    r"\brows not seen\b": "held-out rows",
    r"\bfurther teachers?\b": "another base model",
    r"\b[Hh]idden bend\b|\bown softmax\b": "Hessian, refit under the objective",
}
# of them, those that a page does not say in another sense
PROSE = (
    "strings",
    "missing values",
    "feature layers, feature learning",
    "score, scored",
    "out of fold",
    "held-out rows",
)
# what stays, by file and line, and why
STAYS = {
    "a name that is stored in model files": r"texts: (list|Sequence)\[str\]|texts=list\(texts\)|texts: the strings|part\.texts|Lookup\.texts|table\.texts|\.texts\(|def texts\(|gap_|\bgap\b(?=[,:=) ])|GAP|old\.gaps|column\.gaps|\bgaps: float|`gaps`|[\"']gaps[\"']|Gaps",
    "copied into exported programs": r"_numpy|_python_documents",
    "a difference of losses, which theory calls a gap": r"lab/_(gap|fig|walks)|landscape",
    "the sentence of somebody else": r"where that was asked for|as many parameters as",
}


def _found(path: Path, pattern: str) -> list[str]:
    """The lines of a file that have the word and no reason for it."""
    stays = re.compile("|".join(STAYS.values()))
    lines = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for line in path.read_text().splitlines()
        if re.search(pattern, line)
    ]
    return [line for line in lines if not stays.search(line)]


@pytest.mark.parametrize("pattern", WORDS, ids=WORDS.values())
def test_words_are_those_of_the_field(pattern: str) -> None:
    pages = PAGES if WORDS[pattern] in PROSE else []
    assert [line for path in [*SOURCES, *pages] for line in _found(path, pattern)] == []
