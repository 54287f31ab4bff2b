"""The three readers under fuzzing: of model files, of tables, and of what a user configures
(settings, command lines, checkpoints).

A reader gets bytes. Either it raises one of our errors, or what it has read can be used:
predictions are finite, a table is a frame with rows. Everything else is a crash. `python -m
tests.model.fuzz_readers READER SECONDS` runs one of them: guided by coverage where atheris is
installed, else by random mutations alone.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import time
import warnings
import zlib
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests.model.fuzz_commands import COMMANDS, SETTINGS

try:
    import atheris
except ImportError:
    atheris = None

HANG_S = 20
Reader = tuple[
    Callable[[bytes, Path], None], Callable[[bytes, Random], bytes], Callable[[], list[bytes]]
]


def instrumented() -> Any:
    """Imports of motifnet in its body are watched, where this file is run and not imported."""
    return (
        nullcontext()
        if atheris is None or __name__ != "__main__"
        else atheris.instrument_imports(include=["motifnet"])
    )


with instrumented():
    import numpy as np
    import pandas as pd

    from motifnet import MotifClassifier, MotifRegressor
    from motifnet.engine import Checkpoint, Control, MotifnetError
    from motifnet.model import FittedModel, load_model, save_model, synthetic
    from motifnet.tables import as_table, as_target, open_stream, read_table
    from tests.model.fuzz_mutations import bundle_changed, bytes_changed, json_changed
    from tests.shared import command
    from tests.shared.hand_made import frame, make_model


def read_bundle(data: bytes, folder: Path) -> None:
    """A model that loads predicts finite values, and every command that shows it ends well."""
    (folder / "m").write_bytes(data)
    try:
        model = load_model(folder / "m")
    except MotifnetError:
        return
    table = synthetic(model.encoder, model.schema, 3, seed=1)
    assert np.isfinite(model.predict(table)).all()
    run(["show", str(folder / "m")])
    if zlib.crc32(data) % 8 == 0:  # these take longer
        run(["report", str(folder / "m")])
        with suppress(MotifnetError):
            model.check_shift(table)


def bundle_seeds() -> list[bytes]:
    fitted = MotifRegressor(preset="fast", n_jobs=1, random_state=0).fit(
        frame(60).assign(y=1)[["x", "colour", "day"]], np.arange(60.0) ** 2
    )
    fitted.predict_band(frame(9)[["x", "colour", "day"]])
    classes = MotifClassifier(preset="fast", n_jobs=1).fit(
        frame(60)[["x", "zone"]], np.arange(60) % 3
    )
    models: list[FittedModel] = [
        make_model(m=6),
        make_model(m=6, classes=("a", "b", "c")),
        fitted.model_,
        classes.model_,
    ]
    return [_bytes_of(partial(save_model, model)) for model in models]


SUFFIXES = (".csv", ".tsv", ".csv.gz", ".parquet")


def read_rows(data: bytes, folder: Path) -> None:
    """The first byte says which suffix; read as a whole or as a stream, a table has the same rows
    and columns.
    """
    path = folder / f"t{SUFFIXES[data[0] % len(SUFFIXES)] if data else '.csv'}"
    path.write_bytes(data[1:])
    table = None
    with suppress(MotifnetError):
        read_table(path, schema=MODEL.schema)
        table = read_table(path)
        assert isinstance(table, pd.DataFrame) and len(table)
        for task in ("regression", "classification"):
            with suppress(MotifnetError):
                target = as_target(table.iloc[:, 0], len(table), task)
                assert target.values.dtype.kind != "f" or np.isfinite(target.values).all()
        inputs = as_table(table)
        assert inputs.n == len(table)
        rows = table[[name for name in table.columns if name in MODEL.schema.names]]
        assert np.isfinite(MODEL.predict(as_table(rows, schema=MODEL.schema, reorder=True))).all()
    with suppress(MotifnetError):
        stream = open_stream(path)
        blocks = list(stream.blocks())
        assert sum(block.count for block in blocks) == stream.n
        again = stream.frame([block.raw for block in blocks])
        assert list(again.columns) == list(stream.names)
        assert table is None or table.equals(again)


def table_seeds() -> list[bytes]:
    table = frame(9)
    text, tabs = table.to_csv(index=False).encode(), table.to_csv(index=False, sep="\t").encode()
    rows = [
        *((i, text) for i in (0,)),
        (1, tabs),
        (2, gzip.compress(text, mtime=0)),
        (3, _bytes_of(table.assign(zone=1).to_parquet)),
    ]
    odd = [
        b"a;b\n1;2\n3;4\n",
        b'x,y\n"a\nb",2024-01-01\n,2024-01-02T10:00Z\n',
        b"\xef\xbb\xbfa\n1e5\n",
        b"a,b\r\n1,\r\n",
    ]
    return [bytes([kind]) + data for kind, data in [*rows, *((0, data) for data in odd)]]


TABLE = "x,z,y\n" + "".join(f"{i},{i % 3},{i * 0.37}\n" for i in range(20))


class Reached(MotifnetError):
    """What was configured is right, and the work would begin."""


def reached(*_: Any, **__: Any) -> None:
    raise Reached("the work begins")


def read_settings(data: bytes, folder: Path) -> None:
    """By the first byte: settings of an estimator, a folder of a checkpoint, or a command line,
    each up to where the work begins.
    """
    kind, rest = (data[0] % 3, data[1:]) if data else (2, b"")
    if kind == 2:
        (folder / "t.csv").write_text(TABLE)
        (folder / "m").write_bytes(SAVED)
        run(
            [word.replace("/", "_") for word in rest.decode("utf-8", "surrogateescape").split("\n")]
        )
    elif kind == 1:
        read_checkpoint(rest, folder)
    else:
        with suppress(MotifnetError, ValueError, RecursionError):
            settings = json.loads(rest)
            if (
                isinstance(settings, dict)
                and set(settings) <= set(SETTINGS)
                and "/" not in str(settings)
            ):
                attempt(lambda: MotifRegressor(**settings).fit([[1.0], [2.0]], [1.0, 2.0]))


def attempt(action: Callable[[], Any]) -> None:
    """ValueErrors that are not ours are crashes, though the JSON around may raise them."""
    try:
        action()
    except MotifnetError:
        return
    except ValueError as error:
        raise AssertionError(f"a foreign error: {error!r}") from error


KEY = {"rows": "0", "settings": {"seed": 0}, "versions": {"numpy": "2"}}


def read_checkpoint(data: bytes, folder: Path) -> None:
    """A manifest and one result, with a zero byte between: what is damaged is a FileError that
    names the file.
    """
    manifest, _, result = data.partition(b"\0")
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "0001-len-0.safetensors").write_bytes(result)
    with suppress(MotifnetError):
        Checkpoint(folder, KEY, Control())
    (folder / "manifest.json").write_text(json.dumps({"format": 1, **KEY}))
    with suppress(MotifnetError):
        Checkpoint(folder, KEY, Control()).next_call(len).stored(1)


def checkpoint_seed(value: Any) -> bytes:
    with TemporaryDirectory() as name:
        folder = Path(name) / "kept"
        Checkpoint(folder, KEY, Control()).next_call(len).store(0, value)
        return (
            b"\1"
            + (folder / "manifest.json").read_bytes()
            + b"\0"
            + (folder / "0001-len-0.safetensors").read_bytes()
        )


def settings_seeds() -> list[bytes]:
    results = [{"a": (1, [2.0, None])}, np.eye(3), MODEL.ledger]
    lines = ["\n".join(words).encode() for words in COMMANDS]
    return [
        b"\0" + json.dumps(SETTINGS).encode(),
        *map(checkpoint_seed, results),
        *(b"\2" + line for line in lines),
    ]


def settings_changed(data: bytes, rng: Random) -> bytes:
    """Settings change by their values, command lines by their words."""
    kind, rest = data[:1], data[1:]
    with suppress(ValueError, RecursionError):
        if kind == b"\0":
            return kind + json.dumps(json_changed(json.loads(rest), rng)).encode()
    if kind == b"\2" and rng.random() < 0.7:
        words, more = rest.split(b"\n"), "\n".join(rng.choice(COMMANDS)).encode().split(b"\n")
        place = rng.randrange(len(words))
        words[place : place + rng.randrange(2)] = rng.choice(
            [
                [],
                [rng.choice(more)],
                more[1:],
                [rng.choice(words)],
                [b"-1"],
                [b"nan"],
                [b""],
                [b"-"],
            ]
        )
        return kind + b"\n".join(words)
    return kind + bytes_changed(rest, rng)


def run(words: list[str]) -> None:
    """A command line, whose end is one of the documented ones."""
    result = command.run(*words, stdin="x,y\n1,2\n")
    known = result.exception is None or isinstance(result.exception, SystemExit)
    if not known or (result.exit_code == 1 and "the work begins" not in result.stderr):
        raise AssertionError(
            f"{words} ended with {result.exit_code}: {result.stderr[-1000:]}"
        ) from result.exception


READERS: dict[str, Reader] = {
    "bundle": (read_bundle, bundle_changed, bundle_seeds),
    "table": (read_rows, bytes_changed, table_seeds),
    "settings": (read_settings, settings_changed, settings_seeds),
}


def _bytes_of(write: Callable[[Path], Any]) -> bytes:
    with TemporaryDirectory() as folder:
        write(Path(folder) / "file")
        return (Path(folder) / "file").read_bytes()


MODEL: FittedModel = make_model(m=6)
SAVED = _bytes_of(partial(save_model, MODEL))


def stop_before_work() -> None:
    """Fits, comparisons and experiments end where they would begin."""
    for place in (
        "estimators._base.prepare",
        "estimators._streamed.fit_stream",
        "structure.profile",
        "compare.compare",
        "lab.figures",
    ):
        module, name = f"motifnet.{place}".rsplit(".", 1)
        setattr(import_module(module), name, reached)


def main() -> None:
    """Fuzz one reader for some seconds; the exit code is 0 where nothing broke."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    read, change, seeds = READERS[name]
    found = seeds()
    stop_before_work()
    warnings.simplefilter("ignore")

    def once(data: bytes) -> None:
        with TemporaryDirectory() as folder:
            os.chdir(folder)
            read(data, Path(folder))

    if atheris is None:
        _at_random(once, change, found, seconds)
        return
    with TemporaryDirectory() as corpus:
        for i, seed in enumerate(found):
            (Path(corpus) / str(i)).write_bytes(seed)
        _guided(once, change, corpus, seconds)


def _guided(
    once: Callable[[bytes], None],
    change: Callable[[bytes, Random], bytes],
    corpus: str,
    seconds: int,
) -> None:
    """Coverage-guided; an input that breaks something is printed in full."""

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        rng = Random(seed)
        changed = change(data, rng) if rng.random() < 0.8 else atheris.Mutate(data, most)
        return bytes(changed[:most])

    limits = [
        f"-max_total_time={seconds}",
        f"-timeout={HANG_S}",
        "-rss_limit_mb=4096",
        "-max_len=200000",
        "-print_final_stats=1",
    ]
    atheris.Setup(
        [sys.argv[0], *limits, f"-artifact_prefix={corpus}/", corpus], once, custom_mutator=mutate
    )
    atheris.Fuzz()


def _at_random(
    once: Callable[[bytes], None],
    change: Callable[[bytes, Random], bytes],
    seeds: list[bytes],
    seconds: int,
) -> None:
    rng, end, runs = Random(0), time.monotonic() + seconds, 0
    for seed in seeds:
        once(seed)
    while time.monotonic() < end:
        data = rng.choice(seeds)
        for _ in range(rng.choice([1, 2, 4])):
            data = change(data, rng)
        start = time.monotonic()
        try:
            once(data)
            assert time.monotonic() - start < HANG_S, "a hang"
        except BaseException:
            sys.stderr.write(f"broken by {data[:2000]!r}\n")
            raise
        runs += 1
    sys.stderr.write(f"{runs} inputs\n")


if __name__ == "__main__":
    main()
