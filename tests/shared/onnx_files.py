"""ONNX files as onnxruntime runs them, on one thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime


def session(path: Path) -> Any:
    """A session of onnxruntime that holds the file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
