"""Figures in the style of the book; each function returns its Figure.

A method has one color, line style and marker throughout, so that color is never the only
cue. Every figure is a white card, so that it reads the same in dark mode.
"""

from companion.plots.figures import contours, losses, rates, sensitivity, summary
from companion.plots.style import COLORS, LINES, MARKERS, STYLE, one_legend, style, subplots

__all__ = [
    "COLORS",
    "LINES",
    "MARKERS",
    "STYLE",
    "contours",
    "losses",
    "one_legend",
    "rates",
    "sensitivity",
    "style",
    "subplots",
    "summary",
]
