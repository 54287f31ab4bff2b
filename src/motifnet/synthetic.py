"""A check of synthetic tables: `from motifnet.synthetic import check_synthetic`."""

from motifnet.further.synthetic import (
    Fidelity,
    Privacy,
    SyntheticReport,
    Utility,
    check_synthetic,
)

__all__ = ["Fidelity", "Privacy", "SyntheticReport", "Utility", "check_synthetic"]
