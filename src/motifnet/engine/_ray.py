"""Jobs on Ray, on this machine or on the machines of a cluster.

A function is sent to each worker once. Functions and results travel as pickled bytes, since Ray's
shared arrays are read-only. A worker that dies is replaced and its job runs again. The result is
the same, since a job depends on its item only.
"""

from __future__ import annotations

import hashlib
import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import numpy as np

from motifnet.engine._errors import ResourceError, UsageError
from motifnet.engine._parallel import single_threaded

T = TypeVar("T")
R = TypeVar("R")
_RETRIES = 3  # of a job whose worker died: the job itself may be the cause
_latest: dict[str, Callable[[Any], Any]] = {}  # in a worker: the last function, by its hash


class Ray:
    """The engine of a connected Ray. The cluster sets the number of parallel jobs; a local start
    has n_jobs workers.
    """

    def __init__(self) -> None:
        self._sent: tuple[Any, str, Any] = (None, "", None)

    def map(
        self,
        function: Callable[[T], R],
        items: Iterable[T],
        n_jobs: int,
        ahead: int,
        done: Callable[[int, R], None],
    ) -> Iterator[R]:
        """As `Engine.map`."""
        import ray
        from ray import cloudpickle

        running: dict[Any, int] = {}  # references of jobs to their numbers
        ended: dict[int, Any] = {}

        def result_of(number: int) -> R:
            while number not in ended:
                (reference,), _ = ray.wait(list(running), num_returns=1)
                last = running.pop(reference)
                ended[last] = cloudpickle.loads(ray.get(reference))
                if not isinstance(ended[last], _Failed):
                    done(last, ended[last])
            result = ended.pop(number)
            if isinstance(result, _Failed):
                raise result.error
            return result

        name, sent_function = self._send(function)
        remote, number = ray.remote(num_cpus=1, max_retries=_RETRIES)(_job), 0
        try:
            for sent, item in enumerate(items, 1):
                data = cloudpickle.dumps(item)
                running[remote.remote(name, [sent_function], data)] = sent - 1
                if sent - number > ahead:
                    yield result_of(number)
                    number += 1
            while running or ended:
                yield result_of(number)
                number += 1
        except ray.exceptions.RayError as error:
            raise ResourceError(
                f"A Ray worker died {_RETRIES + 1} times with the same job "
                f"({type(error).__name__}). "
                "Start Ray on machines with more memory, or pass engine='local'."
            ) from error
        finally:
            for reference in running:
                with suppress(ray.exceptions.RayError):
                    ray.cancel(reference)

    def _send(self, function: Callable[[Any], Any]) -> tuple[str, Any]:
        """Hash and reference of a function in Ray's store. The last function is not sent again."""
        import ray
        from ray import cloudpickle

        if self._sent[0] is not function:
            data = cloudpickle.dumps(function)
            self._sent = (
                function,
                hashlib.sha256(data).hexdigest(),
                ray.put(np.frombuffer(data, np.uint8)),
            )
        return self._sent[1:]


class _Failed:
    """The error that a job raised."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _job(name: str, function: list[Any], item: bytes) -> bytes:
    """Run one job in a worker. `function` wraps the reference in a list: Ray resolves bare ones."""
    import ray
    from ray import cloudpickle

    try:
        if name not in _latest:
            _latest.clear()
            _latest[name] = cloudpickle.loads(ray.get(function[0]).tobytes())
        with single_threaded():
            return cloudpickle.dumps(_latest[name](cloudpickle.loads(item)))
    except Exception as error:
        error.add_note("In a job on Ray:\n" + traceback.format_exc())
        return cloudpickle.dumps(_Failed(error))


@contextmanager
def connected(address: str | None, n_jobs: int) -> Iterator[Ray]:
    """Ray at an address. None is the connected Ray, that of RAY_ADDRESS, or a new one with n_jobs
    workers that ends with the body.
    """
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "engine='ray' needs Ray, which is not installed. Run pip install "
            "\"motifnet[ray]\", or pass engine='local'."
        ) from error
    if ray.is_initialized():
        yield Ray()
        return
    address = address or os.environ.get("RAY_ADDRESS", "local")
    own = {"num_cpus": n_jobs, "include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"No Ray answers at {address!r} ({error}). Check the address, or pass engine='local'."
        ) from error
    try:
        yield Ray()
    finally:
        ray.shutdown()
