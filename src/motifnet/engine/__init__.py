"""What all of motifnet stands on: errors, files, memory plans, parallel jobs, checkpoints, when to
stop, and the ledger.

Comes in: functions and items. Goes out: results in the order of the items. Never knows about:
tables, kernels, networks.
"""

from motifnet.engine._checkpoint import Checkpoint, fingerprint
from motifnet.engine._control import Control, LedgerRow, Stopped
from motifnet.engine._errors import (
    DataError,
    FileError,
    Matrix,
    MotifnetError,
    MotifnetWarning,
    ResourceError,
    UsageError,
    aligned,
    as_floats,
    check_choice,
    check_count,
    check_positive,
    check_share,
    printable,
    seed_of,
    warn_caller,
)
from motifnet.engine._files import as_path, atomic_file, suffix_of
from motifnet.engine._memory import (
    MB,
    MemoryPlan,
    available_memory,
    peak_memory,
    resident_memory,
    translate_memory_errors,
)
from motifnet.engine._parallel import (
    Engine,
    open_engine,
    ordered_map,
    ordered_sum,
    parallel_map,
    resolve_jobs,
    single_threaded,
    working,
)

__all__ = [
    "MB",
    "Checkpoint",
    "Control",
    "DataError",
    "Engine",
    "FileError",
    "LedgerRow",
    "Matrix",
    "MemoryPlan",
    "MotifnetError",
    "MotifnetWarning",
    "ResourceError",
    "Stopped",
    "UsageError",
    "aligned",
    "as_floats",
    "as_path",
    "atomic_file",
    "available_memory",
    "check_choice",
    "check_count",
    "check_positive",
    "check_share",
    "fingerprint",
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
    "suffix_of",
    "translate_memory_errors",
    "warn_caller",
    "working",
]
