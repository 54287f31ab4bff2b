"""What compression costs and gives: the full network, compressed ones, and scikit-learn's SVR
fitted on the same encoded rows.

Seconds are CPU seconds of one thread for 100,000 encoded rows, test rows repeated: the least of
three runs on a tenth of them (full network: on a fiftieth), multiplied, as time is proportional to
the rows. Each method's row is appended to OUT/compression/compression.csv as soon as it is there,
and is not measured again. Fitted models are kept in OUT/compression/models.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.svm import SVR

from benchmarks._compression_report import picture, report
from benchmarks._split import Split
from benchmarks._tables import ALL, CLASSIFICATION, arguments, path_of, split, version
from motifnet import MotifRegressor, load
from motifnet.compress import units_of
from motifnet.engine import Matrix, single_threaded
from motifnet.motifs import Distance, Motif, TreeEnsemble

TIMED, PART, FULL_PART, SAME = 100_000, 10, 50, 1e-6
KEY = ["set", "cap", "preset", "method"]


@dataclass(frozen=True)
class Row:
    """One method on one table. units: kernel units or support vectors; inside: training rows found
    among the centres; made_in: CPU seconds.
    """

    set: str
    cap: int
    preset: str
    method: str
    rows: int
    columns: int
    units: int
    leaves: int
    nrmse: float
    seconds: float
    bytes: int
    made_in: float
    inside: int
    version: str


def main(argv: list[str] | None = None) -> None:
    options = _options(argv)
    folder = options.out / "compression"
    path = folder / "compression.csv"
    (folder / "models").mkdir(parents=True, exist_ok=True)
    if options.fresh:
        path.unlink(missing_ok=True)
    torch.set_num_threads(1)
    for size in options.sizes:
        for name in options.sets:
            with single_threaded():
                _measure(name, size, path, options)
    rows = pd.read_csv(path)
    rows = rows[
        (rows.cap == options.cap) & (rows.preset == options.preset) & rows.set.isin(options.sets)
    ].drop_duplicates(KEY, keep="last")
    text = report(rows)
    (folder / "compression.md").write_text(text)
    picture(rows, folder / "compression.svg")
    print(text)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = arguments(__doc__.splitlines()[0], ALL)
    parser.set_defaults(sets=None)
    parser.add_argument("--preset", default="fast", help="preset of MotifRegressor")
    parser.add_argument(
        "--sizes",
        nargs="+",
        default=["512"],
        help="of the compressed network: most units, or with a point a tolerance",
    )
    options = parser.parse_args(argv)
    options.sets = options.sets or [
        name for name in ALL if name not in CLASSIFICATION and path_of(name, options.data)
    ]
    return options


def _measure(name: str, size: str, path: Path, options: argparse.Namespace) -> None:
    """The rows of one table that are not there yet: full network, SVR, and the compressed
    network.
    """
    done = (
        set()
        if not path.exists()
        else set(pd.read_csv(path)[KEY].itertuples(index=False, name=None))
    )
    wanted = [
        m
        for m in ("full", "SVR", _label(size))
        if (name, options.cap, options.preset, m) not in done
    ]
    if not wanted:
        return
    data = split(name, options.data, 0, options.cap)
    place = path.parent / "models" / f"{name}-{options.preset}-{options.cap}.motif"
    fitted_in = float("nan")
    if not place.exists():
        start = time.process_time()
        MotifRegressor(preset=options.preset, n_jobs=1, random_state=0).fit(
            data.train[data.columns], data.train["target"]
        ).save(place)
        fitted_in = time.process_time() - start
    model = load(place)
    X, X_test = (model.encode(part[data.columns]) for part in (data.train, data.test))
    blank = Row(
        name,
        options.cap,
        options.preset,
        "",
        len(X),
        X.shape[1],
        0,
        0,
        0.0,
        0.0,
        0,
        0.0,
        0,
        version(),
    )
    for method in wanted:
        if method == "SVR":
            row = _svr(blank, data, X, X_test)
        elif method == "full":
            row = replace(
                _network(blank, method, model, data, X, X_test, FULL_PART), made_in=fitted_in
            )
        else:
            small, made_in = _compressed(model, data, size, place.with_stem(f"{place.stem}-{size}"))
            row = replace(_network(blank, method, small, data, X, X_test, PART), made_in=made_in)
        pd.DataFrame([asdict(row)]).to_csv(path, mode="a", header=not path.exists(), index=False)
        print(
            f"{name} {method}: {row.nrmse:.4f}, {row.seconds:.2f} s, {row.bytes:,} bytes",
            flush=True,
        )


def _compressed(
    model: MotifRegressor, data: Split, size: str, place: Path
) -> tuple[MotifRegressor, float]:
    """The small model and the CPU seconds that it took, unless it is kept already."""
    if place.exists():
        return load(place), float("nan")
    start = time.process_time()
    # where only trees were kept it carries none
    rows = None if units_of(model.model_.network) else data.train[data.columns]
    small = (
        model.compress(rows, tolerance=float(size))
        if "." in size
        else model.compress(rows, max_units=int(size))
    )
    small.save(place)
    return small, time.process_time() - start


def _label(size: str) -> str:
    return f"tolerance {float(size):.1%}" if "." in size else f"{size} units"


def _network(
    blank: Row,
    method: str,
    model: MotifRegressor,
    data: Split,
    X: Matrix,
    X_test: Matrix,
    part: int,
) -> Row:
    network, forward = model.model_.network, model.network_
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "m.motif")
        size = (Path(folder) / "m.motif").stat().st_size
    leaves = sum(
        int((tree.left == torch.arange(len(tree.left))).sum())
        for tree in network.modules()
        if isinstance(tree, TreeEnsemble)
    )
    return replace(
        blank,
        method=method,
        units=units_of(network),
        leaves=leaves,
        nrmse=data.nrmse(np.ravel(forward(X_test))),
        seconds=_seconds(forward, X_test, part),
        bytes=size,
        inside=rows_inside(network, X),
    )


def _svr(blank: Row, data: Split, X: Matrix, X_test: Matrix) -> Row:
    y, start = data.train["target"].to_numpy(dtype=float), time.process_time()
    machine = SVR().fit(X, (y - y.mean()) / y.std())
    made_in = time.process_time() - start
    error = data.nrmse(machine.predict(X_test) * y.std() + y.mean())
    seconds, size = _seconds(machine.predict, X_test, PART), len(pickle.dumps(machine))
    inside = len(machine.support_)
    return replace(
        blank,
        method="SVR",
        units=inside,
        nrmse=error,
        seconds=seconds,
        bytes=size,
        made_in=made_in,
        inside=inside,
    )


def _seconds(predict: Callable[[Matrix], Matrix], X: Matrix, part: int) -> float:
    """CPU seconds for 100,000 rows, from one part of them: the least of three, which other work on
    the machine has disturbed least.
    """
    many, seconds = np.resize(X, (TIMED // part, X.shape[1])), []
    predict(many[:1_000])
    for _ in range(3):
        start = time.process_time()
        predict(many)
        seconds.append(time.process_time() - start)
    return min(seconds) * part


def rows_inside(network: Motif, X: Matrix) -> int:
    """Training rows that are a centre of the network, up to rounding, in the place where the centre
    is compared with what comes in.
    """
    found = torch.zeros(len(X), dtype=torch.bool)
    hits: list[torch.Tensor] = []
    units = [part for part in network.modules() if isinstance(part, Distance)]
    hooks = [
        unit.register_forward_hook(
            lambda module, inputs, distances: hits.append(distances.amin(1) < SAME)
        )
        for unit in units
    ]
    with torch.inference_mode():
        for block in torch.split(torch.arange(len(X)), 1024):
            hits.clear()
            network(torch.as_tensor(X[block.numpy()]))
            found[block] = torch.stack(hits).any(0) if hits else False
    for hook in hooks:
        hook.remove()
    return int(found.sum())


if __name__ == "__main__":
    main()
