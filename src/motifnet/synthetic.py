"""A check of synthetic tables: `from motifnet.synthetic import check_synthetic`."""

from motifnet.further.synthetic import SyntheticReport, check_path, check_synthetic

__all__ = ["SyntheticReport", "check_path", "check_synthetic"]
