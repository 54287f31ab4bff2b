"""Pictures and tables of results, for notebooks.

Comes in: names and numbers of a result. Goes out: matplotlib axes, HTML. Never knows about: models,
fits. Matplotlib is loaded by the first picture.
"""

from motifnet.plots._axes import Axes, new_axes
from motifnet.plots._calibration import Observed, draw_calibration
from motifnet.plots._effects import EffectPanel, draw_effects
from motifnet.plots._html import html_bar, html_block, html_table
from motifnet.plots._rows import LONG, Row, draw_rows
from motifnet.plots._scales import Measured, draw_measured
from motifnet.plots._stages import draw_stages
from motifnet.plots._waterfall import draw_waterfall

__all__ = [
    "LONG",
    "Axes",
    "EffectPanel",
    "Measured",
    "Observed",
    "Row",
    "draw_calibration",
    "draw_effects",
    "draw_measured",
    "draw_rows",
    "draw_stages",
    "draw_waterfall",
    "html_bar",
    "html_block",
    "html_table",
    "new_axes",
]
