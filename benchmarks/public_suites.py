"""The fitted models of the public test suites of skl2onnx and hummingbird-ml, and the classes that
m2cgen lists, through `mimic` and skl2onnx.

A suite is run as it is, from its unpacked source distribution, with its own function of conversion
watched: every model that it converts is converted by `mimic` as well, to the network and to ONNX,
and both are compared with the model on the rows of the test. Two models are one where class,
parameters, numbers of columns and outputs and the kind of the rows are the same. What is made of
classes of a test's own is left out.

    ours      converted | refused (an error of ours) | withheld (built, but not exact enough by our own check, so that nothing was written)
              | wrong (a file whose values are not the model's) | foreign (an error of another library)
    theirs    whether skl2onnx converts it: in its own suite as the test calls it, elsewhere by `to_onnx` with the rows of the test

A model whose test gives no rows, or rows that the model itself does not take, is converted without
them: synthetic rows are compared.

    pip download --no-deps --no-binary :all: skl2onnx hummingbird-ml      then unpack, and
    python -m benchmarks.public_suites --suites FOLDER      with skl2onnx, onnxmltools and hummingbird-ml installed

A run that was stopped goes on with the files that have no mark in `done`. Some tests need the
locale en_US.UTF-8. skl2onnx comes first.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import importlib.util
import multiprocessing
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
FIELDS = ("suite", "test", "model", "key", "ours", "theirs", "error")
_LIMIT = 900


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suites", type=Path, help="folder of the unpacked source distributions")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "benchmarks" / "results" / "public_suites"
    )
    parser.add_argument(
        "--files", nargs="+", default=[], help="names of test files that begin so; default: all"
    )
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "public_suites.csv"
    if options.suites:
        _load()
        for suite, file in _test_files(options.suites, tuple(options.files)):
            _apart(suite, file, options.out)
    text = report(pd.read_csv(path))
    (options.out / "public_suites.md").write_text(text)
    print(text)


def _test_files(folder: Path, wanted: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    if not wanted or "listed".startswith(wanted):
        yield "m2cgen", Path("listed")
    for suite in ("skl2onnx", "hummingbird"):
        for file in sorted(folder.glob(f"{suite}*/tests/test_*.py")):
            if "sparkml" not in file.name and (not wanted or file.name.startswith(wanted)):
                yield suite, file


def _apart(suite: str, file: Path, out: Path) -> None:
    """In a process of its own, once: a file that was run has a mark in the folder `done`, with what
    pytest printed.
    """
    mark = out / "done" / f"{suite}-{file.stem}"
    if mark.exists():
        return
    mark.parent.mkdir(exist_ok=True)
    printed = mark.with_suffix(".now")
    process = multiprocessing.get_context("fork").Process(
        target=_watched, args=(suite, file, out / "public_suites.csv", printed)
    )
    process.start()
    process.join(_LIMIT)
    if process.is_alive():
        process.kill()
        process.join()
        with printed.open("a") as stream:
            stream.write("\nno end")
    printed.rename(mark)
    print(suite, file.name, mark.read_text(errors="replace").strip().splitlines()[-1:], flush=True)


def _watched(suite: str, file: Path, path: Path, printed: Path) -> None:
    from benchmarks._suite_watch import Watch

    output = os.open(printed, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    warnings.simplefilter("ignore")
    with path.open("a", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS)
        if stream.tell() == 0:
            writer.writeheader()

        def write(row: dict[str, object]) -> None:
            writer.writerow(row)
            stream.flush()  # what was found before a time limit is kept

        watch = Watch(suite, write)
        if suite == "m2cgen":
            watch.listed()
            return
        import pytest

        sys.path.insert(0, str(file.parent))
        os.chdir(file.parent)
        watch.start()
        quick = ["--assert=plain", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
        pytest.main(
            [str(file), "-q", "--tb=line", *quick, "--timeout", "120", "-o", "addopts="],
            plugins=[watch],
        )


def _load() -> None:
    """What all test files take, once for all processes."""
    for name in (
        "motifnet.transfer",
        "onnxruntime",
        "skl2onnx",
        "onnxmltools",
        "pytest",
        "sklearn.ensemble",
        "lightgbm",
        "xgboost",
        "hummingbird.ml",
        "onnx.reference",
    ):
        importlib.import_module(name)


def report(rows: pd.DataFrame) -> str:
    """Distinct models by suite, and what was refused."""
    rows = rows.sort_values("theirs", ascending=False).drop_duplicates(["suite", "key"])
    lines = [
        "| suite | distinct models | skl2onnx converts | of these ours | refused | withheld | "
        "wrong | foreign | ours in all |",
        "| --- |" + " ---: |" * 8,
    ]
    both = rows.drop_duplicates("key").assign(suite="together")
    for suite, part in pd.concat([rows, both]).groupby("suite", sort=False):
        theirs = part[part["theirs"]]
        share = (
            f"{(theirs['ours'] == 'converted').sum()} "
            f"({(theirs['ours'] == 'converted').mean():.1%})"
            if len(theirs)
            else "0"
        )
        counts = " | ".join(
            str((part["ours"] == kind).sum())
            for kind in ("refused", "withheld", "wrong", "foreign", "converted")
        )
        lines.append(f"| {suite} | {len(part)} | {len(theirs)} | {share} | {counts} |")
    lost = (
        both[both["theirs"] & (both["ours"] != "converted")]
        .groupby(["model", "ours", "error"])
        .size()
        .sort_values(ascending=False)
    )
    lines += [
        "",
        "| model that skl2onnx converts and ours does not | | why | models |",
        "| --- | --- | --- | ---: |",
    ]
    lines += [
        f"| {model} | {ours} | {str(error).replace('|', '/')[:160]} | {count} |"
        for (model, ours, error), count in lost.items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if importlib.util.find_spec("skl2onnx") is None and "--suites" in sys.argv:
        sys.exit(
            "The suites need skl2onnx, onnxmltools and hummingbird-ml: pip install skl2onnx "
            "onnxmltools hummingbird-ml"
        )
    main()
