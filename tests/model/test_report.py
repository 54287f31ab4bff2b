"""The report: the same facts in every form, nothing from the table taken for markup, nothing
fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import FileError, UsageError
from motifnet.model import save_model
from motifnet.model.report import Report, _drawing, make_report
from tests.shared.command import run
from tests.shared.hand_made import make_model

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title></svg>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eabc\u202c & <b>",
    "https://example.org/x.js",
    "| a | [b](http://c) `d`",
    "long " * 2_000,
    "\x1b[2J\x9b31m\x07",
]
PAGE = "html head meta title style body main header h1 h2 h3 p nav a section div table tr th td details summary pre ul li"
PICTURES = "figure figcaption strong bdi svg text line circle rect polyline polygon"
TAGS = {*PAGE.split(), *PICTURES.split()}


class Page(HTMLParser):
    """Tags, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def table(n: int = 120, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "kind": rng.choice(["p", "q", "r"], n),
            "noise": rng.normal(size=n),
        }
    )
    return frame, pd.Series(
        2 * frame["size"] + (frame["kind"] == "p") + rng.normal(0, 0.3, n), name="price"
    )


@pytest.fixture(scope="module")
def fitted() -> MotifRegressor:
    return MotifRegressor(preset="fast", n_jobs=1).fit(*table())


@pytest.fixture(scope="module")
def report(fitted: MotifRegressor) -> Report:
    return fitted.report()


@pytest.fixture(scope="module")
def hostile() -> Report:
    X, y = table()
    X = X.set_axis(HOSTILE[: X.shape[1]], axis=1).assign(
        **{name: np.resize(HOSTILE, len(X)) for name in HOSTILE[6:]}
    )
    X[HOSTILE[4]] = np.random.default_rng(1).normal(size=len(X))
    labels = np.where(y > y.median(), HOSTILE[0], HOSTILE[1])
    return (
        MotifClassifier(preset="fast", n_jobs=1).fit(X, pd.Series(labels, name=HOSTILE[3])).report()
    )


def check_page(page: str) -> Page:
    """Only known tags, closed as opened; no script, no style but the one that the policy names, no
    address.
    """
    found = Page(page)
    assert found.tags <= TAGS
    assert not found.open
    assert all(
        not name.startswith("on") and name not in ("style", "src", "srcdoc")
        for name, _ in found.attributes
    )
    assert all(value.startswith("#") for name, value in found.attributes if name == "href")
    policy = next(v for _, v in found.attributes if v.startswith("default-src"))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None and page.count("<style>") == 1
    assert (
        f"sha256-{base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()}" in policy
    )
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert "url(" not in style[1] and "@import" not in style[1]
    return found


def test_page_is_self_contained(report: Report) -> None:
    page = report.html()
    check_page(page)
    assert "http:" not in page and "https:" not in page
    assert len(page.encode()) < 1_500_000


def test_names_and_levels_are_text_and_nothing_else(hostile: Report) -> None:
    page = hostile.html()
    found = check_page(page)
    shown = " ".join(found.texts)
    for name in HOSTILE[:3]:
        assert name in shown
    assert "{{ 7 * 7 }}" in shown and "49{% raw" not in shown
    assert len(page.encode()) < 1_500_000


def test_markdown_of_hostile_names_holds_no_markup(hostile: Report) -> None:
    lines = hostile.markdown().splitlines()
    assert not any(re.search(r"<(script|img|b)\b", line) for line in lines)
    assert not any(re.search(r"(?<!\\)\]\(", line) for line in lines)
    heads = [i for i, line in enumerate(lines) if line.startswith("| ---")]
    for i in heads:
        columns = len(re.findall(r"(?<!\\)\|", lines[i]))
        for row in lines[i - 1 : i + 3]:
            if row.startswith("|"):
                assert len(re.findall(r"(?<!\\)\|", row)) == columns


def test_text_of_hostile_names_keeps_to_its_lines(hostile: Report) -> None:
    assert max(len(line) for line in str(hostile).splitlines()) < 500


def test_all_forms_say_the_same(report: Report, tmp_path: Path) -> None:
    for suffix in ("html", "md", "json"):
        report.write(tmp_path / f"r.{suffix}")
    facts = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert facts == json.loads(report.json())
    page = " ".join(Page((tmp_path / "r.html").read_text(encoding="utf-8")).texts)
    text = " ".join(str(report).split())
    markdown = (tmp_path / "r.md").read_text(encoding="utf-8").replace("\\", "")
    assert len(facts["verdict"]["sentences"]) == 3
    for sentence in facts["verdict"]["sentences"]:
        assert sentence in page and sentence in text and sentence in markdown
    for row in facts["ledger"]:
        assert (
            f"{row['error']:.4f}" in page
            and f"{row['error']:.4f}" in text
            and f"{row['error']:.4f}" in markdown
        )


def test_what_is_known_is_shown(report: Report) -> None:
    facts = report.facts
    assert facts["importances"][0]["column"] == "size"
    assert {e["column"] for e in facts["effects"]} == {"size", "kind", "noise"}
    assert facts["calibration"]["rmse"][0] == pytest.approx(
        facts["ledger"][-1]["error"] * float(np.std(table()[1])), rel=0.05
    )
    titles = re.findall(r"<h2[^>]*>([^<]*)", report.html())
    assert titles == [
        "The network",
        "Stages of the fit",
        "What the prediction depends on",
        "Where it errs",
        "Calibration and coverage",
        "Exactness and privacy",
        "How to repeat it",
    ]


def test_coverage_is_what_was_asked_for(report: Report) -> None:
    """On average over tables: three binomial standard errors of all their rows.

    A single one may miss by more than independent trials would. A fold is held against quantiles of
    the others, and a fold whose noise has a high mean shifts their fits, and so their residuals,
    the other way: in the first table two of three folds do so, and 70 % are inside for 80.
    """
    reports = [
        report,
        *(
            MotifRegressor(preset="fast", n_jobs=1).fit(*table(seed=seed)).report()
            for seed in range(1, 8)
        ),
    ]
    coverage = np.array([r.facts["calibration"]["coverage"] for r in reports])
    nominal, observed = coverage.mean(0).T
    assert (
        np.abs(observed - nominal)
        <= 3 * np.sqrt(nominal * (1 - nominal) / (len(reports) * len(table()[0])))
    ).all()


def test_terms_behind_common_layers_are_branches_of_their_own() -> None:
    """As of a network with lines beyond the data: 1 line − 1 line of the clipped rows + the network
    of the clipped rows.
    """
    layer = {"kind": "layer", "motif": "Affine", "width": 1, "computes": "W x + b"}
    clip = {**layer, "motif": "Clip"}
    kernel, trees = (
        {"kind": "chain", "label": label, "parts": [layer]} for label in ("kernel", "trees")
    )
    network = {
        "kind": "parallel",
        "join": "sum",
        "branches": [
            {"count": 1, "weight": w, "body": b} for w, b in ((0.7, kernel), (0.3, trees))
        ],
    }
    bodies = [
        layer,
        {"kind": "chain", "label": "", "parts": [clip, layer]},
        {"kind": "chain", "label": "", "parts": [clip, network]},
    ]
    lines = {
        "kind": "parallel",
        "join": "sum",
        "branches": [
            {"count": 1, "weight": w, "body": b} for w, b in zip((1, -1, 1), bodies, strict=True)
        ],
    }
    tree = {
        "kind": "chain",
        "label": "units",
        "parts": [{"kind": "chain", "label": "lines", "parts": [lines]}, layer],
    }
    branches, after = _drawing.branches_of(tree)
    assert [(_drawing.label_of(branch), branch["weight"]) for branch in branches] == [
        ("lines", 1),
        ("lines", -1),
        ("kernel", 0.7),
        ("trees", 0.3),
    ]
    assert [[part["motif"] for part in branch["body"]["parts"]] for branch in branches] == [
        ["Affine"],
        *[["Clip", "Affine"]] * 3,
    ]
    assert after == [layer]


def test_widths_of_the_drawing_are_those_of_the_card(
    fitted: MotifRegressor, report: Report
) -> None:
    texts = Page(report.html()).texts
    for block in fitted.card_.blocks:
        assert block.motif.split(" ×")[0] in texts


@pytest.mark.parametrize("classes", [None, ("a", "b", "c")])
def test_a_model_of_several_outputs_and_all_kinds_of_columns(
    classes: tuple[str, ...] | None,
) -> None:
    model = make_model(classes=classes)
    found = make_report(model, None)
    check_page(found.html())
    assert "need rows" in found.facts["verdict"]["sentences"][2]
    assert found.markdown() and str(found)


def test_the_same_model_gives_the_same_page(fitted: MotifRegressor, report: Report) -> None:
    assert fitted.report().html() == report.html()


def test_a_notebook_shows_the_report(report: Report) -> None:
    assert "<iframe" in report._repr_html_() and "<script" not in report._repr_html_()


@pytest.mark.parametrize("form", [Report.html, Report.markdown, Report.json, str])
def test_no_form_steers_a_terminal(form: Callable[[Report], str], hostile: Report) -> None:
    assert not set("\x1b\x9b\x07\u202e") & set(form(hostile))
    assert json.loads(hostile.json()) == hostile.facts  # nothing is lost there


@pytest.mark.parametrize(
    ("name", "options", "error"),
    [
        ("r.pdf", {}, r"\.html, \.md, \.json"),
        ("old.html", {}, "exists already. Pass overwrite=True"),
        ("none/r.html", {}, "No such file"),
        ("old.html", {"overwrite": True}, "the work began"),
        ("new.html", {}, "the work began"),
    ],
)
def test_a_place_that_is_no_use_is_refused_before_the_work(
    name: str,
    options: dict[str, bool],
    error: str,
    fitted: MotifRegressor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def work(*_: object, **__: object) -> Report:
        raise RuntimeError("the work began")

    (tmp_path / "old.html").write_text("mine")
    monkeypatch.setattr("motifnet.estimators._base.make_report", work)
    with pytest.raises((UsageError, FileError, RuntimeError), match=error):
        fitted.report(tmp_path / name, **options)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def output(*arguments: object) -> tuple[int, str]:
    result = run(*arguments)
    return result.exit_code, result.output


def test_command_line(fitted: MotifRegressor, tmp_path: Path) -> None:
    X, _ = table()
    fitted.save(tmp_path / "m.motif")
    new = X.sample(60, random_state=0).assign(size=lambda frame: frame["size"] + 0.01)
    new.assign(price=2 * new["size"]).to_csv(tmp_path / "new.csv", index=False)
    new.to_csv(tmp_path / "bare.csv", index=False)
    assert output("report", tmp_path / "m.motif")[1].startswith("VERDICT")
    assert (
        output(
            "report",
            tmp_path / "m.motif",
            "--data",
            tmp_path / "new.csv",
            "--out",
            tmp_path / "r.json",
        )[0]
        == 0
    )
    facts = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert facts["calibration"]["rows"] == 60
    code, text = output(
        "report", tmp_path / "m.motif", "--data", tmp_path / "bare.csv", "--out", tmp_path / "r.md"
    )
    assert code == 0 and "no column 'price'" in text
    code, text = output("report", tmp_path / "m.motif", "--out", tmp_path / "r.md")
    assert code == 2 and "--force" in text
    assert output("report", tmp_path / "m.motif", "--out", tmp_path / "r.pdf")[0] == 2


@pytest.mark.usefixtures("short_fits")
def test_fit_writes_a_report(tmp_path: Path) -> None:
    X, y = table(90)
    X.assign(price=y).to_csv(tmp_path / "t.csv", index=False)
    files = ["--out", tmp_path / "m.motif", "--report", tmp_path / "r.html"]
    code, text = output(
        "fit", tmp_path / "t.csv", "--target", "price", "--preset", "fast", "--quiet", *files
    )
    assert code == 0, text
    assert "Where it errs" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert load(tmp_path / "m.motif").report().facts["ledger"]


def test_model_of_a_file_with_infinite_error_is_shown(tmp_path: Path) -> None:
    save_model(make_model(q=1), tmp_path / "m.motif")
    found = load(tmp_path / "m.motif").report()
    assert found.facts["ledger"][1]["error"] is None
    json.loads(found.json())


def console(page: str, folder: Path) -> list[str]:
    """What headless Chromium says while it shows a page: errors, and violations of the page's
    policy.
    """
    (folder / "page.html").write_text(page, encoding="utf-8")
    browser = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={folder / 'profile'}",
    ]
    done = subprocess.run(
        [*browser, "--dump-dom", str(folder / "page.html")],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_a_browser_has_nothing_to_say(hostile: Report, tmp_path: Path) -> None:
    page = hostile.html()
    assert console(page, tmp_path) == []
    # it would say so
    assert console(page.replace("</main>", "<p style='color: red'>x</p></main>"), tmp_path)


def test_a_picture_is_as_wide_as_its_boxes_need() -> None:
    """Three networks of two boxes each take three times the width of one."""
    layer = {"kind": "layer", "motif": "Affine", "computes": "W x + b", "width": 8}
    two = _sum_of([layer, layer])
    three = _sum_of([{"kind": "chain", "label": "", "parts": [layer, two]}] * 3)
    assert [_drawing.columns_of(node) for node in (layer, two, three)] == [1, 2, 6]
    small, large = (
        float(
            _drawing.drawing({"body": node, "weight": 1.0, "count": 1}, 8, 8)
            .split('viewBox="0 0 ')[1]
            .split()[0]
        )
        for node in (two, three)
    )
    assert large == 3 * small


def _sum_of(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    branches = [{"body": body, "weight": 1.0, "count": 1} for body in bodies]
    return {"kind": "parallel", "join": "sum", "branches": branches}
