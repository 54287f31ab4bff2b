"""Archives put together by hand."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any


def archive(path: Path, entries: list[tuple[str, bytes]], **options: Any) -> Path:
    with zipfile.ZipFile(path, "w", **options) as target:
        for name, content in entries:
            target.writestr(name, content)
    return path
