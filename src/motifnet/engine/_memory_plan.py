"""The memory plan: what each stage of a fit will hold, computed from sizes before the work starts, and refused where it does not fit.

    peak = base + max over stages of Σ bytes held at the same time

base: what the process holds already. The plan is refused where the peak is above the limit, which is what the machine (or the container) has free
unless the caller sets one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from motifnet.engine._errors import ResourceError

MB = 1 << 20
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class MemoryPlan:
    """`base` bytes, and for each stage what it holds by name, in bytes."""

    base: int
    stages: Mapping[str, Mapping[str, int]]

    @property
    def peak(self) -> int:
        """Bytes of the largest stage, base included."""
        return self.base + max(sum(held.values()) for held in self.stages.values())

    def check(self, limit: int | None, remedies: tuple[str, str]) -> None:
        """Raise ResourceError with the sizes and two remedies where the peak is above `limit` bytes (None: what is free)."""
        free = available_memory() + self.base if limit is None else limit
        if self.peak > free:
            stage, held = max(self.stages.items(), key=lambda item: sum(item[1].values()))
            sizes = ", ".join(f"{name} {_size(size)}" for name, size in sorted(held.items(), key=lambda item: -item[1]))
            there = "are free" if limit is None else "is the limit that was set"
            raise ResourceError(
                f"This fit needs {_size(self.peak)} and {_size(free)} {there}: the process {_size(self.base)}, and for the {stage} {sizes}. "
                f"Either {remedies[0]}, or {remedies[1]}."
            )

    def __str__(self) -> str:
        lines = [f"memory: {_size(self.peak)} at most, of which the process has {_size(self.base)} now"]
        for stage, held in self.stages.items():
            lines.append(f"  {stage}: {_size(sum(held.values()))} ({', '.join(f'{name} {_size(size)}' for name, size in held.items())})")
        return "\n".join(lines)


def resident_memory() -> int:
    """Bytes that this process holds now."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return _most()


def peak_memory() -> int:
    """The most bytes that this program held at any time; what its parent held before it started it, which `getrusage` counts, is left out."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return _most()


def available_memory() -> int:
    """Bytes that may still be taken: the least of what the machine and, where there is one, the container has free."""
    free = [_container()] if _container() is not None else []
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free.append(next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")))
    except (OSError, StopIteration):
        free.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(size for size in free if size is not None)


def _most() -> int:
    """What every Unix knows."""
    import resource
    import sys

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _container() -> int | None:
    """What a control group of version 2 leaves; None where there is no limit."""
    try:
        limit, used = ((_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return None if limit == "max" else max(0, int(limit) - int(used))
    except (OSError, ValueError):
        return None


def _size(size: int) -> str:
    return f"{size / MB:,.0f} MB" if size < 10_000 * MB else f"{size / MB / 1024:,.0f} GB"
