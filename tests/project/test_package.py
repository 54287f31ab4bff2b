"""What is shipped. The wheel, built from the sdist, holds what runs and nothing else, has a page
whose links are whole, and runs in an environment of its declared requirements alone. Lowest
versions are pinned; CI runs them.
"""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)]+)\)")


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, which therefore holds all that the wheel needs."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
    assert len(list(folder.glob("motifnet-*.tar.gz"))) == 1
    return next(folder.glob("motifnet-*-py3-none-any.whl"))


def test_wheel_holds_the_sources_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "motifnet").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    information = {name for name in names if ".dist-info/" in name}
    assert names - information == sources
    assert {"motifnet/py.typed", "motifnet/model/report/page.html"} <= names
    assert {name.partition(".dist-info/")[2] for name in information} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }


def test_links_and_pictures_survive_the_page_of_the_index(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
    metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Description-Content-Type"] == "text/markdown"
    page = bytes(metadata.get_payload(decode=True)).decode("utf-8")
    source = PROJECT["urls"]["Source"]
    bases = {"": f"{source}/blob/main/", "!": f"{source}/raw/main/"}
    shown, written = LINK.findall(page), LINK.findall(README)
    assert len(shown) == len(written) > 10
    for (mark, address), (_, target) in zip(shown, written, strict=True):
        if "://" not in target:
            assert address == bases[mark] + target
            assert (ROOT / target.partition("#")[0]).exists()
    assert all(url.startswith(source) for url in PROJECT["urls"].values())


def test_lowest_versions_are_those_of_the_requirements(tmp_path: Path) -> None:
    pins = dict(
        line.split("==") for line in run(sys.executable, "tools/oldest.py").strip().splitlines()
    )
    lines = [
        Requirement(line)
        for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
        for line in group
    ]
    wanted = {line.name: str(line.specifier) for line in lines if line.name != "motifnet"}
    assert {name: f">={version}" for name, version in pins.items()} == wanted
    loose = tmp_path / "pyproject.toml"
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    loose.write_text(re.sub(r'"numpy>=[\d.]+"', '"numpy"', text), encoding="utf-8")
    with pytest.raises(AssertionError, match="'numpy' has no lowest version"):
        run(sys.executable, "tools/oldest.py", loose)


def required(name: str, found: dict[str, Distribution]) -> dict[str, Distribution]:
    """The distributions that `name` declares, and what these declare, without extras."""
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and requirement.name.lower() not in found:
            found[requirement.name.lower()] = distribution(requirement.name)
            required(requirement.name, found)
    return found


def empty_environment(folder: Path) -> Path:
    """Python with the declared requirements, linked from here, and nothing else; its interpreter.

    What is imported and not declared is missing there, which an index of packages would not show
    faster, nor a copy of the packages of here at all.
    """
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    place = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    for each in required("motifnet", {}).values():
        for top in {file.parts[0] for file in each.files or [] if file.parts[0] != ".."}:
            origin = Path(str(each.locate_file(top)))
            if top != "__pycache__" and origin.exists() and not (place / top).exists():
                (place / top).symlink_to(origin, target_is_directory=origin.is_dir())
    return python


USE = """
import motifnet, sys
from pathlib import Path
import pandas as pd
assert Path(motifnet.__file__).is_relative_to(sys.prefix), motifnet.__file__
table = pd.read_csv(sys.argv[1])[:300].drop_duplicates()
strength = table.pop("strength")
model = motifnet.MotifRegressor(preset="fast", random_state=0).fit(table, strength)
model.save("model.motif")
assert (motifnet.load("model.motif").predict(table) == model.predict(table)).all()
"""


@pytest.mark.slow
def test_wheel_runs_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    python = empty_environment(tmp_path / "empty")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", wheel)
    clean = {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1"}
    table = ROOT / "examples" / "concrete.csv"
    run(python, "-c", USE, table, cwd=tmp_path, **clean)
    command = python.with_name("motifnet")
    assert PROJECT["name"] in run(command, "--version", cwd=tmp_path, **clean)
    run(command, "predict", "model.motif", table, "--out", "out.csv", cwd=tmp_path, **clean)
    run(command, "report", "model.motif", "--data", table, "--out", "r.html", cwd=tmp_path, **clean)
    assert (tmp_path / "out.csv").read_text().startswith("predicted_strength\n")
    assert (tmp_path / "r.html").stat().st_size > 10_000


WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))


def test_ci_tries_every_system_with_oldest_and_newest_requirements() -> None:
    jobs = WORKFLOW["jobs"]
    steps = {name: job["steps"] for name, job in jobs.items()}
    commands = {step.get("run") for each in steps.values() for step in each}
    assert {"bash .ci/run", "make test-oldest", "make docs"} <= commands
    for name in ("newest", "wheel"):
        systems = jobs[name]["strategy"]["matrix"]["os"]
        assert {system.partition("-")[0] for system in systems} == {"ubuntu", "macos", "windows"}
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert lowest in jobs["wheel"]["strategy"]["matrix"]["python"]
    used = [step["uses"] for each in steps.values() for step in each if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[\w-]+@v\d+", action) for action in used)
    assert all(job["timeout-minutes"] for job in jobs.values())


def test_make_knows_the_commands_of_ci() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    used = re.findall(r"run: make ([\w-]+)", (ROOT / ".github/workflows/ci.yml").read_text())
    assert set(used) <= set(targets) and "test" in targets
