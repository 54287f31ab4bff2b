"""What all of motifnet stands on: jobs with one thread each on some engine, checkpoints, when to stop, and the ledger.

Comes in: functions and items. Goes out: results in order. Never knows about: tables, kernels, networks.
"""

from motifnet.engine._arguments import as_floats, check_choice, check_count, check_positive, check_share, seed_of
from motifnet.engine._atomic import atomic_file
from motifnet.engine._blocks import ordered_map, ordered_sum
from motifnet.engine._checkpoint import Checkpoint
from motifnet.engine._codec import fingerprint
from motifnet.engine._control import Control, Stopped
from motifnet.engine._errors import DataError, DiskFullError, FileError, MotifnetError, MotifnetWarning, ResourceError, UsageError, warn_caller
from motifnet.engine._ledger import LedgerRow
from motifnet.engine._memory import memory_told
from motifnet.engine._memory_plan import MB, MemoryPlan, available_memory, peak_memory, resident_memory
from motifnet.engine._path import as_path
from motifnet.engine._place import Engine, open_engine, parallel_map, working
from motifnet.engine._printable import printable
from motifnet.engine._threads import resolve_jobs, single_threaded

__all__ = [
    "MB",
    "Checkpoint",
    "Control",
    "DataError",
    "DiskFullError",
    "Engine",
    "FileError",
    "LedgerRow",
    "MemoryPlan",
    "MotifnetError",
    "MotifnetWarning",
    "ResourceError",
    "Stopped",
    "UsageError",
    "as_floats",
    "as_path",
    "atomic_file",
    "available_memory",
    "check_choice",
    "check_count",
    "check_positive",
    "check_share",
    "fingerprint",
    "memory_told",
    "open_engine",
    "ordered_map",
    "ordered_sum",
    "parallel_map",
    "peak_memory",
    "printable",
    "resident_memory",
    "resolve_jobs",
    "seed_of",
    "single_threaded",
    "warn_caller",
    "working",
]
