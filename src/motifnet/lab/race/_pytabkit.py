"""RealMLP and TabM as pytabkit gives them: a fifth of the training rows chooses the best epoch.

RealMLP runs through its whole schedule, since a part of it is another schedule: a short one, whose seconds are its own, then its default of 256
epochs, and from there on once more on all training rows, to its best epoch. TabM ends by its own patience; as pytabkit cannot fit it anew, it keeps
four fifths of the rows. Its number of epochs is bounded by what the limit leaves after the first one.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

from motifnet.compare import Inputs
from motifnet.lab.race._course import Course

SHORT, WHOLE = 64, 256


def realmlp(course: Course) -> str:
    """Run it; the answer tells the schedules."""
    from pytabkit import RealMLP_TD_Regressor

    with course.paused():
        short = _Fit(course, RealMLP_TD_Regressor, n_epochs=SHORT)
    course.supersede(short.predict, short.seconds, f"{SHORT} epochs")
    if short.seconds >= course.task.limit:
        course.ended_by_limit = True
        return f"{SHORT} epochs"
    whole = _Fit(course, RealMLP_TD_Regressor, n_epochs=WHOLE, n_refit=1)
    course.supersede(whole.predict_before, whole.seconds_before, f"{WHOLE} epochs")
    course.supersede(whole.predict, whole.seconds, "all rows")
    return f"{WHOLE} epochs, then all rows"


def tabm(course: Course) -> str:
    """Run it; the answer tells whether its patience or the limit ended it."""
    from pytabkit import TabM_D_Regressor

    with course.paused():
        first = _Fit(course, TabM_D_Regressor, n_epochs=1)
    course.supersede(first.predict, first.seconds, "1 epoch")
    most = max(1, int(min(course.task.limit / first.seconds, 1_000)))
    fit = _Fit(course, TabM_D_Regressor, n_epochs=most)
    course.supersede(fit.predict, fit.seconds, "whole")
    course.ended_by_limit = fit.seconds > 0.9 * course.task.limit
    return f"at most {most} epochs"


class _Fit:
    """A fitted estimator of pytabkit with its CPU seconds; those `before` are of the model that has not seen the held-out rows."""

    def __init__(self, course: Course, kind: Callable[..., Any], **settings: Any) -> None:
        data, seed = course.task.split, course.task.seed
        self.inputs, self.X_test = Inputs.of(data.X, "filled"), data.X_test
        self.estimator = kind(device="cpu", n_threads=1, random_state=seed, verbosity=0, **settings)
        start = time.process_time()
        self.seconds_before = float("nan")
        with _silence(), self._watching_refit(start):
            self.estimator.fit(self.inputs(data.X), data.y)
        self.seconds = time.process_time() - start

    @contextmanager
    def _watching_refit(self, start: float) -> Iterator[None]:
        """The moment at which the estimator turns to all rows is the one at which it asks its interface for another one."""
        create = self.estimator._create_alg_interface

        def created(n_cv: int) -> Any:
            interface = create(n_cv)
            refit = interface.get_refit_interface

            def watched(*arguments: Any, **named: Any) -> Any:
                self.seconds_before = time.process_time() - start
                return refit(*arguments, **named)

            interface.get_refit_interface = watched
            return interface

        self.estimator._create_alg_interface = created
        yield
        del self.estimator._create_alg_interface

    def predict_before(self) -> Any:
        """Values of the model before the fit to all rows."""
        last = self.estimator.alg_interface_
        self.estimator.alg_interface_ = self.estimator.cv_alg_interface_
        values = self.predict()
        self.estimator.alg_interface_ = last
        return values

    def predict(self) -> Any:
        """Values on the test rows."""
        with _silence():
            return self.estimator.predict(self.inputs(self.X_test)).ravel()


@contextmanager
def _silence() -> Iterator[None]:
    """Its trainer advertises, on the stream that it found when it was loaded."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
