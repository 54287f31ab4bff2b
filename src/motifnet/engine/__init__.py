"""What all of motifnet stands on: parallel jobs with one thread each, when to stop, and the ledger.

Comes in: functions and items. Goes out: results in order. Never knows about: tables, kernels, networks.
"""

from motifnet.engine._control import Control, Stopped
from motifnet.engine._errors import DataError, DiskFullError, FileError, MotifnetError, MotifnetWarning, ResourceError, UsageError
from motifnet.engine._ledger import LedgerRow
from motifnet.engine._memory import memory_told
from motifnet.engine._path import as_path
from motifnet.engine._threads import parallel_map, resolve_jobs, single_threaded

__all__ = [
    "Control",
    "DataError",
    "DiskFullError",
    "FileError",
    "LedgerRow",
    "MotifnetError",
    "MotifnetWarning",
    "ResourceError",
    "Stopped",
    "UsageError",
    "as_path",
    "memory_told",
    "parallel_map",
    "resolve_jobs",
    "single_threaded",
]
