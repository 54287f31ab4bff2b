"""Tables: data frames, arrays and files of any kind in; typed columns, a float matrix in canonical row order and folds out.

Comes in: a table, its target, weights, groups, times. Goes out: `Sample` and `Encoder`. Never knows about: teachers and networks.
"""

from motifnet.tables._calendar import PERIODS, Calendar
from motifnet.tables._canonical import CanonicalRows, canonical
from motifnet.tables._column import GAP, Column, Kind, Level
from motifnet.tables._encoder import Encoder
from motifnet.tables._errors import numbered
from motifnet.tables._feature import LIMIT, Feature
from motifnet.tables._folds import Folds, drawn, make_folds
from motifnet.tables._labels import codes_among
from motifnet.tables._level import codes_of
from motifnet.tables._matrix import as_array
from motifnet.tables._notation import note_strings
from motifnet.tables._numeric import Numeric
from motifnet.tables._offset import as_offset
from motifnet.tables._one_hot import OneHot
from motifnet.tables._range import check_range, sensible_weight
from motifnet.tables._read import read_table
from motifnet.tables._reading import PLAIN, Reading
from motifnet.tables._response import Response, check_domain, code_response, standardised
from motifnet.tables._row_source import CodedRows, RowSource, SampleRows
from motifnet.tables._sample import Matrix, Sample
from motifnet.tables._schema import Schema
from motifnet.tables._stream import BLOCK_ROWS, Block, Stream, open_stream
from motifnet.tables._table import Table, as_table
from motifnet.tables._target import Target, Task, as_target
from motifnet.tables._target_mean import TargetMean
from motifnet.tables._vector import as_groups, as_numbers, as_time, as_weight, check_no_gaps, vector

__all__ = [
    "BLOCK_ROWS",
    "GAP",
    "LIMIT",
    "PERIODS",
    "PLAIN",
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
    "Matrix",
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
    "check_no_gaps",
    "check_range",
    "code_response",
    "codes_among",
    "codes_of",
    "drawn",
    "make_folds",
    "note_strings",
    "numbered",
    "open_stream",
    "read_table",
    "sensible_weight",
    "standardised",
    "vector",
]
