"""What each representation knows of the class, beside what it knows of recorded fields."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cxr.evidence.covariates import field_name
from cxr.figures.style import LINE, PALETTE, empty, figure, short
from cxr.planning.representations import CONTROL, ENCODER, IMAGENET, NETWORK
from cxr.representations.images import CLASS
from cxr.representations.probes import LINEAR, NEAREST
from cxr.representations.table import class_rows

MOST_FIELDS = 6  # beside the class
COLOURS = (PALETTE[0], PALETTE[3], PALETTE[1], PALETTE[6])
KINDS = dict(zip((NETWORK, ENCODER, IMAGENET, CONTROL), COLOURS, strict=True))
PROBES = ((LINEAR, -0.14, True), (NEAREST, 0.18, False))


def representations(table: pd.DataFrame) -> Figure:
    """Balanced accuracy of both probes: a panel for the class and for each recorded field.

    Parameters
    ----------
    table : DataFrame
        As `cxr.representations.table.compare_representations` makes it.
    """
    probed = table[table["measure"].isin([LINEAR, NEAREST])]
    names = list(dict.fromkeys(probed["representation"]))
    fields = list(dict.fromkeys([CLASS, *probed["field"]]))[: 1 + MOST_FIELDS]
    n_columns = min(len(fields), 4)
    n_rows = -(-len(fields) // n_columns)
    fig = figure(14 + n_rows * (14 + 5 * max(len(names), 2)))
    panels = fig.subplots(n_rows, n_columns, squeeze=False, sharey=True).ravel()
    for ax, field in zip(panels, fields, strict=False):
        _panel(ax, probed, field, names)
    for ax in panels[len(fields) :]:
        ax.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        fig.legend(handles, labels, loc="outside lower left", ncols=3)
    return fig


def _panel(ax: Axes, probed: pd.DataFrame, field: str, names: list[str]) -> None:
    """One field: a row for each representation."""
    rows = {name: place for place, name in enumerate(names)}
    drawn = False
    for measure, shift, filled in PROBES:
        shown = class_rows(probed, measure, field)
        if shown.empty:
            continue
        drawn = True
        y = shown["representation"].map(rows).to_numpy(dtype=float) + shift
        colours = [KINDS[kind] for kind in shown["kind"]]
        ax.hlines(y, shown["low"], shown["high"], color=colours, lw=1.1)
        faces = colours if filled else "white"
        ax.scatter(
            shown["value"], y, s=13, c=faces, edgecolors=colours, lw=0.8, zorder=3, label=measure
        )
        if filled:
            ax.axvline(shown["chance"].iloc[0], color=LINE, ls="--", lw=0.8, label="chance")
    if not drawn:
        empty(ax, f"{field_name(field)}: not measured")
        return
    ax.set_yticks(range(len(names)), [short(name, 24) for name in names])
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    ax.set(xlim=(0, 1.02), ylim=(len(names) - 0.5, -0.5), xlabel="balanced accuracy")
    ax.set_title(short(field_name(field)))
    ax.grid(axis="x", color="#e3e5e8", lw=0.6)
