"""A fit from table to finished model: prepare the rows, run the stages in their order, keep what
the model needs.

In: the arguments of `fit`, a preset. Out: the network with its history, evidence and intervals.
Never knows about: the estimators, the command line.
"""

from motifnet.pipeline._black_box import (
    are_probabilities,
    centred_logits,
    fidelity_of,
    generate_rows,
)
from motifnet.pipeline._checkpoint import check_resumable, open_checkpoint, rows_of, settings_of
from motifnet.pipeline._compact import Compactor
from motifnet.pipeline._compress import (
    compress_model,
    compress_network,
    network_task,
    smaller_model,
    without_rows,
)
from motifnet.pipeline._from_teacher import kernel_start, teacher_of
from motifnet.pipeline._goal import Goal, RegressionGoal, ScoredCandidate, Trial
from motifnet.pipeline._history import History, progress
from motifnet.pipeline._kept import (
    BandRows,
    conformal_of,
    evidence_of_fit,
    evidence_of_table,
    reference_of,
)
from motifnet.pipeline._monotone import check_monotone, signs_of
from motifnet.pipeline._pipeline import Planned, carry_out, run_stages
from motifnet.pipeline._prepare import Prepared, prepare, warn_of_rows
from motifnet.pipeline._presets import PRESETS, Preset, check_size, get_preset
from motifnet.pipeline._retrain import retrain, retrain_from, updated
from motifnet.pipeline._run import Run
from motifnet.pipeline._stream import StreamRequest, check_stream, fit_stream, plan_memory
from motifnet.pipeline._stream_rows import Roles, with_validation_rows
from motifnet.pipeline._stream_stages import grow_trees

__all__ = [
    "PRESETS",
    "BandRows",
    "Compactor",
    "Goal",
    "History",
    "Planned",
    "Prepared",
    "Preset",
    "RegressionGoal",
    "Roles",
    "Run",
    "ScoredCandidate",
    "StreamRequest",
    "Trial",
    "are_probabilities",
    "carry_out",
    "centred_logits",
    "check_monotone",
    "check_resumable",
    "check_size",
    "check_stream",
    "compress_model",
    "compress_network",
    "conformal_of",
    "evidence_of_fit",
    "evidence_of_table",
    "fidelity_of",
    "fit_stream",
    "generate_rows",
    "get_preset",
    "grow_trees",
    "kernel_start",
    "network_task",
    "open_checkpoint",
    "plan_memory",
    "prepare",
    "progress",
    "reference_of",
    "retrain",
    "retrain_from",
    "rows_of",
    "run_stages",
    "settings_of",
    "signs_of",
    "smaller_model",
    "teacher_of",
    "updated",
    "warn_of_rows",
    "with_validation_rows",
    "without_rows",
]
