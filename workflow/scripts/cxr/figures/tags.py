"""Figures of tags."""

import pandas as pd
from matplotlib.figure import Figure

from cxr.figures.style import INK, MARKERS, OUTLIER, PALETTE, figure, short

MAX_LABELS = 40


def precision(table: pd.DataFrame) -> Figure:
    """Average precision of each label with its interval, beside the label's prevalence.

    Under the main protocol; the prevalence (the average precision of a random ranking) is
    among all images, and for tags among those of the true class too.

    Parameters
    ----------
    table : DataFrame
        As `cxr.evaluation.tag_comparison.tag_precision` makes it; of many labels the commonest.
    """
    table = table.loc[table["protocol"] == table["protocol"].iloc[0]]
    names = list(dict.fromkeys(table["name"]))
    shares = table.drop_duplicates("label").sort_values("images", ascending=False).head(MAX_LABELS)
    row_of = {label: row for row, label in enumerate(shares["label"])}
    fig = figure(22 + (3.2 + 1.6 * len(names)) * len(row_of))
    ax = fig.subplots()
    for position, name in enumerate(names):
        rows = table.loc[(table["name"] == name) & table["label"].isin(row_of)]
        rows = rows.loc[rows["average_precision"].notna()]
        step = 0.5 / max(1, len(names))
        y = rows["label"].map(row_of).to_numpy(dtype=float) + step * (
            position - len(names) / 2 + 0.5
        )
        colour, marker = PALETTE[position % len(PALETTE)], MARKERS[position // len(PALETTE)]
        ax.hlines(y, rows["low"], rows["high"], color=colour, lw=1.1)
        ax.plot(rows["average_precision"], y, marker, ms=3.5, color=colour, label=short(name))
    ax.plot(shares["share"], range(len(shares)), "|", ms=9, color=OUTLIER, label="prevalence")
    ax.plot(
        shares["class_known"],
        range(len(shares)),
        "|",
        ms=9,
        color=INK,
        label="prevalence within the class",
    )
    labels = [
        f"{short(label, 40)} ({images})"
        for label, images in zip(shares["label"], shares["images"], strict=True)
    ]
    ax.set_yticks(range(len(shares)), labels)
    ax.set(xlim=(0, 1.01), ylim=(len(shares) - 0.5, -0.5), xlabel="average precision")
    ax.set_title("Average precision by label (test images with it), 95% intervals")
    ax.grid(axis="x", color="#e3e5e8", lw=0.6)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    return fig
