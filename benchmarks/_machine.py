"""The machine and the packages that figures come from."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

from motifnet.compare import METHODS
from motifnet.engine import resolve_jobs


def machine() -> dict[str, str]:
    """Processor, cores, memory, system and versions."""
    model = re.search(r"model name\s*:\s*(.+)", _text("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+) kB", _text("/proc/meminfo"))
    packages = [f"{name} {version(name)}" for name in ("numpy", "scipy", "pandas", "torch")]
    packages += [
        package
        for method in METHODS.values()
        if not method.missing
        for package in method.version.split(", ")
    ]
    return {
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "cores": f"{resolve_jobs(None)} of {os.cpu_count()}",
        "memory": f"{int(memory[1]) / 1024**2:.0f} GB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": ", ".join(dict.fromkeys(packages)),
    }


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""
