"""One mutant against its tests, in a process that is forked with all other libraries loaded and
loads the changed code itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec, PathFinder
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from benchmarks.mutation._mutants import Mutant

PRELOADED = (
    *(
        "torch",
        "pandas",
        "polars",
        "pyarrow",
        "lightgbm",
        "xgboost",
        "catboost",
        "onnx",
        "onnxruntime",
        "matplotlib.pyplot",
        "hypothesis",
        "typer",
    ),
    *(
        "scipy.stats",
        "scipy.optimize",
        "scipy.interpolate",
        "sklearn.ensemble",
        "sklearn.svm",
        "sklearn.linear_model",
        "sklearn.pipeline",
    ),
    *(
        "sklearn.gaussian_process",
        "sklearn.calibration",
        "sklearn.neural_network",
        "sklearn.compose",
        "sklearn.utils.estimator_checks",
        "narwhals",
    ),
)
_SLOWER = 10  # times its usual time: a test that takes longer has noticed
_PATIENCE = 20.0  # seconds more


@dataclass(frozen=True)
class Outcome:
    """killed, survived, or timeout; which test noticed; how many ran."""

    status: str
    by: str
    ran: int


class _Changed(MetaPathFinder):
    """Finds the module of a mutant; its code is that of the changed tree."""

    def __init__(self, mutant: Mutant, root: Path) -> None:
        inside = Path(mutant.path).relative_to("src").with_suffix("")
        self.name = ".".join(part for part in inside.parts if part != "__init__")
        self.code = compile(mutant.tree(root), str(root / mutant.path), "exec")

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The usual place of the module, with another loader."""
        spec = PathFinder.find_spec(name, path, target) if name == self.name else None
        if spec is not None:
            spec.loader = _Loader(self.code, str(spec.origin))
        return spec


class _Loader(SourceLoader):
    def __init__(self, code: CodeType, path: str) -> None:
        self.code, self.path = code, path

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str | bytes) -> bytes:
        return Path(os.fsdecode(path)).read_bytes()

    def get_code(self, fullname: str) -> CodeType:
        return self.code


class _Chosen:
    """Only the chosen tests, in their order, each with a limit of time."""

    def __init__(self, tests: Sequence[str], seconds: dict[str, float]) -> None:
        self.order, self.seconds = {test: i for i, test in enumerate(tests)}, seconds
        self.failed, self.ran = "", 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order),
            key=lambda item: self.order[item.nodeid],
        )
        for item in items:
            item.add_marker(pytest.mark.timeout(_PATIENCE + _SLOWER * self.seconds[item.nodeid]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.ran += report.when == "call"
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def preload() -> None:
    """What every trial needs, but for the code that is changed; what is not installed the tests do
    not need.
    """
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            import_module(name)


def attempt(
    mutant: Mutant | None,
    tests: Sequence[str],
    seconds: dict[str, float],
    root: Path,
    answer: Connection,
) -> None:
    """Run the tests until one fails; for a forked process, which ends here. Without a mutant: the
    tests as they are.
    """
    with _silence(), _scratch() as scratch:
        import hypothesis

        hypothesis.settings.register_profile("mutation", database=None)
        hypothesis.settings.load_profile("mutation")
        if mutant is not None:
            sys.meta_path.insert(0, _Changed(mutant, root))
        chosen, files = _Chosen(tests, seconds), sorted({test.partition("::")[0] for test in tests})
        # all is imported already
        options: list[Any] = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
        ]
        places = [
            f"--basetemp={scratch / 'tests'}",
            f"--rootdir={root}",
            *(str(root / file) for file in files),
        ]
        code = pytest.main([*options, *places], plugins=[chosen])
    if chosen.failed or (code == pytest.ExitCode.OK and chosen.ran):
        answer.send(Outcome("killed" if chosen.failed else "survived", chosen.failed, chosen.ran))
    os._exit(0)  # without an answer: the trial itself went wrong


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with Path(os.devnull).open("w") as nothing:
        for stream in (1, 2):
            os.dup2(nothing.fileno(), stream)
        yield


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mutant-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
