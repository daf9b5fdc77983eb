"""The flow diagram of a cohort."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from cxr.figures.style import INK, LINE, PALE, PALETTE, figure, short

ROW_MM = 15
MAX_REASONS = 4
SPLITS = ("train", "validation", "test")


def flow(document: Mapping[str, Any]) -> Figure:
    """Images and patients at each step, and the reasons of exclusions.

    Parameters
    ----------
    document : mapping
        As `cxr.cohort.flow.flow_document` returns it.
    """
    steps = [
        step
        for position, step in enumerate(document["steps"])
        if step["removed"] or position in (0, len(document["steps"]) - 1)
    ]
    classes = document["classes"]
    rows = len(steps) + 0.6 * len(classes) + 0.6
    fig = figure(ROW_MM * rows, constrained=False)
    ax = fig.add_axes((0.01, 0.01, 0.98, 0.98))
    ax.set(xlim=(0, 1), ylim=(rows, 0))
    ax.set_axis_off()
    for position, step in enumerate(steps):
        _box(ax, 0.02, position + 0.12, 0.4, 0.66, step["name"], _counts(step))
        if position:
            arrow = {"arrowstyle": "-|>", "color": INK, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
            top = (0.22, position - 0.22)
            ax.annotate("", xy=(0.22, position + 0.12), xytext=top, arrowprops=arrow)
        if step["removed"]:
            ax.plot([0.22, 0.5], [position - 0.05] * 2, color=LINE, lw=0.8, zorder=0)
            ax.text(
                0.51, position - 0.05, _exclusions(step["removed"]), va="center", linespacing=1.35
            )
    _classes(ax, classes, len(steps) + 0.1)
    return fig


def _counts(step: Mapping[str, Any]) -> str:
    if step["patients"] is None:
        return f"{step['images']:,} entries"
    return f"{step['images']:,} images of {step['patients']:,} patients"


def _exclusions(removed: list[Mapping[str, Any]]) -> str:
    """The commonest reasons, and the number of the others."""
    shown = removed[:MAX_REASONS]
    lines = [f"{reason['images']:,}  {short(reason['reason'], 60)}" for reason in shown]
    rest = removed[MAX_REASONS:]
    if rest:
        lines.append(f"{sum(r['images'] for r in rest):,}  for {len(rest)} other reasons")
    return "\n".join(lines)


def _box(ax: Axes, x: float, y: float, width: float, height: float, title: str, text: str) -> None:
    style = "round,pad=0,rounding_size=0.012"
    ax.add_patch(
        FancyBboxPatch(
            (x, y),
            width,
            height,
            boxstyle=style,
            fc=PALE,
            ec=LINE,
            lw=0.8,
            mutation_aspect=ax.get_ylim()[0],
        )
    )
    ax.text(x + 0.015, y + height * 0.32, title, va="center", weight="bold")
    ax.text(x + 0.015, y + height * 0.72, text, va="center")


def _classes(ax: Axes, classes: Mapping[str, Any], top: float) -> None:
    """A bar a class, divided into its splits."""
    largest = max(members["images"] for members in classes.values())
    ax.text(0.02, top + 0.1, "Classes and splits", weight="bold", va="center")
    for position, part in enumerate(SPLITS):
        x = 0.42 + 0.15 * position
        ax.plot(x, top + 0.1, marker="s", ms=5, color=PALETTE[position], ls="none")
        ax.text(x + 0.015, top + 0.1, part, va="center")
    for row, (name, members) in enumerate(classes.items()):
        y = top + 0.55 + 0.6 * row
        label = f"{short(name)}: {members['images']:,} of {members['patients']:,} patients"
        ax.text(0.02, y, label, va="center")
        left = 0.42
        for position, part in enumerate(SPLITS):
            width = 0.55 * members[part] / largest
            ax.barh(y, width, left=left, height=0.4, color=PALETTE[position])
            if width > 0.03:
                colour = "white" if position != 1 else INK
                ax.text(
                    left + width / 2,
                    y,
                    f"{members[part]:,}",
                    ha="center",
                    va="center",
                    color=colour,
                )
            left += width
