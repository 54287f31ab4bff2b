"""Who races. A further method is a function of a course, and a line below."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
import pandas as pd

from motifnet.compare import Split
from motifnet.lab.race import _boosting, _mlp
from motifnet.lab.race._course import Course, Task
from motifnet.lab.race._gaussian_process import gaussian_process
from motifnet.lab.race._ours import ours
from motifnet.lab.race._pytabkit import realmlp, tabm
from motifnet.lab.race._random_features import random_features
from motifnet.lab.race._search import search

Racer = Callable[[Course], str]
RACERS: dict[str, Racer] = {
    "ours, balanced": partial(ours, preset="balanced"),
    "ours, fast": partial(ours, preset="fast"),
    "MLP, tuned": partial(search, _mlp.LEARNER),
    "RealMLP": realmlp,
    "TabM": tabm,
    "CatBoost": partial(search, _boosting.CATBOOST),
    "LightGBM": partial(search, _boosting.LIGHTGBM),
    "Gaussian process": gaussian_process,
    "random features": random_features,
}
OURS = ("ours, balanced", "ours, fast")
NEEDS = {"RealMLP": "pytabkit", "TabM": "pytabkit", "CatBoost": "catboost"}


def enter(method: str, task: Task) -> tuple[Course, str]:
    """The course of a method from start to end, and what it chose."""
    course = Course(task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries that are on their way to a new interface
        setting = RACERS[method](course)
    course.end()
    return course, setting


def installed(method: str) -> bool:
    """Whether the library of a racer is there."""
    return method not in NEEDS or find_spec(NEEDS[method]) is not None


def missing(methods: list[str]) -> list[str]:
    """Those that are not."""
    return [method for method in methods if not installed(method)]


def warm_up(method: str) -> None:
    """Load what is loaded at the first fit, so that no timing has it."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 3)), columns=["a", "b", "c"])
    y = X.a.to_numpy() + np.sin(X.b.to_numpy())
    enter(method, Task(Split(X, y, X[:20], y[:20], 0), limit=0.5))
