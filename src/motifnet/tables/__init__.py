"""Tables of any kind in, typed columns and a float matrix out."""

from motifnet.tables._folds import Folds, make_folds
from motifnet.tables._sample import Matrix, Sample

__all__ = ["Folds", "Matrix", "Sample", "make_folds"]
