"""Memory plans: what each stage of a fit will hold, checked before the work starts.

    peak = base + max over stages of Σ bytes held at the same time

`base` is what the process holds already. A plan is refused if its peak is above the limit. The
default limit is the free memory of the machine or the container.

A failed allocation becomes `ResourceError`; numpy, torch and LightGBM each have their own error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from motifnet.engine._errors import ResourceError

MB = 1 << 20
_CGROUP = Path("/sys/fs/cgroup")
# torch and LightGBM raise errors with these words that are no MemoryError
_WORDS = ("allocate memory", "not enough memory", "bad_alloc")


@dataclass(frozen=True)
class MemoryPlan:
    """`base` bytes, and for each stage the bytes that it holds, by name."""

    base: int
    stages: Mapping[str, Mapping[str, int]]

    @property
    def peak(self) -> int:
        """Bytes of the largest stage, base included."""
        return self.base + max(sum(held.values()) for held in self.stages.values())

    def check(self, limit: int | None, remedies: tuple[str, str]) -> None:
        """Raise ResourceError with the sizes and two remedies if the peak is above `limit` bytes
        (None: the free memory).
        """
        free = available_memory() + self.base if limit is None else limit
        if self.peak > free:
            stage, held = max(self.stages.items(), key=lambda item: sum(item[1].values()))
            sizes = ", ".join(
                f"{name} {_size(size)}"
                for name, size in sorted(held.items(), key=lambda item: -item[1])
            )
            there = "are free" if limit is None else "is the limit that was set"
            raise ResourceError(
                f"This fit needs {_size(self.peak)} and {_size(free)} {there}: the process "
                f"{_size(self.base)}, and for the {stage} {sizes}. "
                f"Either {remedies[0]}, or {remedies[1]}."
            )

    def __str__(self) -> str:
        lines = [
            f"memory: {_size(self.peak)} at most, of which the process has {_size(self.base)} now"
        ]
        for stage, held in self.stages.items():
            lines.append(
                f"  {stage}: {_size(sum(held.values()))} "
                f"({', '.join(f'{name} {_size(size)}' for name, size in held.items())})"
            )
        return "\n".join(lines)


def resident_memory() -> int:
    """Bytes that this process holds now."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return _peak_by_getrusage()


def peak_memory() -> int:
    """The most bytes that this program held at any time, without those of its parent before the
    start, which `getrusage` counts.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return _peak_by_getrusage()


def available_memory() -> int:
    """Free bytes of the machine or of the container, whichever has less."""
    free = [_container()] if _container() is not None else []
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free.append(
            next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
        )
    except (OSError, StopIteration):
        free.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(size for size in free if size is not None)


def _peak_by_getrusage() -> int:
    """The peak on systems without /proc."""
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _container() -> int | None:
    """Free bytes of a control group of version 2; None if it has no limit."""
    try:
        limit, used = (
            (_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current")
        )
        return None if limit == "max" else max(0, int(limit) - int(used))
    except (OSError, ValueError):
        return None


def _size(size: int) -> str:
    return f"{size / MB:,.0f} MB" if size < 10_000 * MB else f"{size / MB / 1024:,.0f} GB"


@contextmanager
def translate_memory_errors(work: str, remedy: str) -> Iterator[None]:
    """Turn a failed allocation in the body into ResourceError with the work and the remedy."""
    try:
        yield
    except ResourceError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or any(word in str(error) for word in _WORDS):
            raise ResourceError(
                f"There is not enough memory for {work} "
                f"({str(error).splitlines()[0] if str(error) else 'MemoryError'}). {remedy}"
            ) from error
        raise
