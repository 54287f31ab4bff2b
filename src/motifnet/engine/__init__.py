"""What all of motifnet stands on: parallel jobs with one thread each, when to stop, and the ledger.

Comes in: functions and items. Goes out: results in order. Never knows about: tables, kernels, networks.
"""

from motifnet.engine._blocks import ordered_map, ordered_sum
from motifnet.engine._control import Control, Stopped
from motifnet.engine._errors import DataError, FileError, MotifnetError, MotifnetWarning, ResourceError, UsageError
from motifnet.engine._ledger import LedgerRow
from motifnet.engine._memory import MB, MemoryPlan, available_memory, resident_memory
from motifnet.engine._threads import parallel_map, resolve_jobs, single_threaded

__all__ = [
    "MB",
    "Control",
    "DataError",
    "FileError",
    "LedgerRow",
    "MemoryPlan",
    "MotifnetError",
    "MotifnetWarning",
    "ResourceError",
    "Stopped",
    "UsageError",
    "available_memory",
    "ordered_map",
    "ordered_sum",
    "parallel_map",
    "resident_memory",
    "resolve_jobs",
    "single_threaded",
]
