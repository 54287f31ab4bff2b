"""Network modules, each one idea with a stated error."""

from motifnet.motifs._base import MOTIFS, Motif, count_nonzeros, count_parameters

__all__ = ["MOTIFS", "Motif", "count_nonzeros", "count_parameters"]
