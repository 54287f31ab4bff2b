"""Tables: typed columns, a float matrix in canonical row order, and folds.

Comes in: data frames, arrays and files, with target, weights, groups, times and offsets. Goes out:
`Sample` and `Encoder`. Never knows about: teachers and networks.
"""

from motifnet.tables._column import GAP, Column, Kind, Level, codes_of, objects
from motifnet.tables._encoder import Encoder
from motifnet.tables._errors import numbered
from motifnet.tables._feature import (
    FEATURES,
    LIMIT,
    PERIODS,
    Calendar,
    Feature,
    Numeric,
    OneHot,
    moments,
)
from motifnet.tables._folds import STACK_FOLDS, Folds, drawn, make_folds
from motifnet.tables._input import as_array
from motifnet.tables._notation import note_strings, suspect
from motifnet.tables._read import read_table
from motifnet.tables._reading import PLAIN, Reading
from motifnet.tables._sample import (
    CanonicalRows,
    Response,
    Sample,
    canonical,
    code_response,
    equal_rows,
    standardised,
)
from motifnet.tables._stream import (
    BLOCK_ROWS,
    Block,
    CodedRows,
    RowSource,
    SampleRows,
    Stream,
    open_stream,
)
from motifnet.tables._table import Schema, Table, as_table
from motifnet.tables._target import (
    Target,
    Task,
    as_target,
    check_domain,
    check_range,
    codes_among,
)
from motifnet.tables._target_mean import TargetMean, effects
from motifnet.tables._vector import (
    as_groups,
    as_numbers,
    as_offset,
    as_time,
    as_weight,
    sensible_weight,
    vector,
)

__all__ = [
    "BLOCK_ROWS",
    "FEATURES",
    "GAP",
    "LIMIT",
    "PERIODS",
    "PLAIN",
    "STACK_FOLDS",
    "Block",
    "Calendar",
    "CanonicalRows",
    "CodedRows",
    "Column",
    "Encoder",
    "Feature",
    "Folds",
    "Kind",
    "Level",
    "Numeric",
    "OneHot",
    "Reading",
    "Response",
    "RowSource",
    "Sample",
    "SampleRows",
    "Schema",
    "Stream",
    "Table",
    "Target",
    "TargetMean",
    "Task",
    "as_array",
    "as_groups",
    "as_numbers",
    "as_offset",
    "as_table",
    "as_target",
    "as_time",
    "as_weight",
    "canonical",
    "check_domain",
    "check_range",
    "code_response",
    "codes_among",
    "codes_of",
    "drawn",
    "effects",
    "equal_rows",
    "make_folds",
    "moments",
    "note_strings",
    "numbered",
    "objects",
    "open_stream",
    "read_table",
    "sensible_weight",
    "standardised",
    "suspect",
    "vector",
]
