"""motifnet: convex models fitted to tables, and computed into deep networks.

Names are loaded at their first use, so that `import motifnet` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motifnet.estimators import MotifClassifier, MotifRegressor, Network, load, mimic
    from motifnet.structure import profile

__version__ = "0.2.0.dev0"
_HOMES = {
    "MotifClassifier": "estimators",
    "MotifRegressor": "estimators",
    "Network": "estimators",
    "load": "estimators",
    "mimic": "estimators",
    "profile": "structure",
}
__all__ = [
    "MotifClassifier",
    "MotifRegressor",
    "Network",
    "__version__",
    "load",
    "mimic",
    "profile",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"motifnet.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'motifnet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
