"""The one style of all figures."""

import math
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from cxr.core.io import atomic

# Petroff's ten-colour cycle without its greys: distinct with every kind of colour blindness.
# M. A. Petroff, "Accessible color sequences for data visualization", 2021, arXiv:2107.02270.
PALETTE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#92dadd",
)
MARKERS = ("o", "s", "^", "D", "v", "P")
OUTLIER = "#8c8c8c"
INK = "#222222"
PALE = "#f2f3f5"
LINE = "#c8ccd2"
# What a statistic leaves out.
UNUSED = "#e9e9e9"
WIDTH_MM = 180
STYLE: dict[Any, Any] = {
    "axes.edgecolor": "#555555",
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 7,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "cxr-clusters",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 6.5,
    "ytick.major.width": 0.6,
}
# What would differ between two writings of the same figure, by format.
NO_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def figure(height_mm: float, constrained: bool = True) -> Figure:
    """A figure of the common width; text is never read as mathematics."""
    matplotlib.rcParams.update(STYLE)
    layout: Any = "constrained" if constrained else None
    return Figure(figsize=(WIDTH_MM / 25.4, height_mm / 25.4), layout=layout)


def save(fig: Figure, path: str | Path) -> None:
    """Writes a figure as SVG, and as PDF beside it."""
    for kind in NO_METADATA:
        save_as(fig, Path(path).with_suffix(f".{kind}"))


def save_as(fig: Figure, path: Path) -> None:
    """Writes a figure in the format of its suffix, without date, software or random names."""
    kind = path.suffix.removeprefix(".")
    with atomic(path) as temporary, matplotlib.rc_context(STYLE):
        fig.savefig(temporary, format=kind, metadata=NO_METADATA[kind], dpi=300)


def cluster_colour(cluster: int) -> str:
    """A cluster's colour; outliers (-1) are grey."""
    return OUTLIER if cluster < 0 else PALETTE[cluster % len(PALETTE)]


def cluster_marker(cluster: int) -> str:
    """A cluster's marker: a cross for outliers, another shape for each round of colours."""
    return "x" if cluster < 0 else MARKERS[(cluster // len(PALETTE)) % len(MARKERS)]


def cluster_name(cluster: int) -> str:
    """A cluster's name in figures and on pages, counted from 1."""
    return "outliers" if cluster < 0 else f"cluster {cluster + 1}"


def short(text: str, limit: int = 28) -> str:
    """Text cut to so many characters, to fit a label."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def plain_numbers(axis: Axis) -> None:
    """Labels a logarithmic axis with plain numbers: text is never read as mathematics."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.7g}"))
    axis.set_minor_formatter(NullFormatter())


def label_places(axis: Axis, values: np.ndarray, most: int = 10) -> None:
    """Labels the places 0, 1, ... of an axis with values, so many of them at most."""
    every = math.ceil(len(values) / most)
    axis.set_ticks(range(0, len(values), every), [f"{value:.3g}" for value in values[::every]])


def ring(ax: Axes, x: float, y: float) -> None:
    """Marks what was selected."""
    style: dict[str, Any] = {"marker": "o", "ms": 8, "mfc": "none", "mec": PALETTE[2]}
    ax.plot(x, y, ls="none", label="selected", clip_on=False, **style)


def empty(ax: Axes, text: str) -> None:
    """Axes with a text in place of data."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color="#555555")
