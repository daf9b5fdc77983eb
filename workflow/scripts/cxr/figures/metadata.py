"""Figures of the recorded fields."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cxr.analysis.classifiers import MAJORITY
from cxr.evidence.covariates import field_name
from cxr.figures.style import INK, LINE, OUTLIER, PALETTE, empty, figure, short
from cxr.metadata.severity import SEVERITIES
from cxr.planning.parts import GROUPED, RANDOM, protocol_label

MAX_VALUES, MAX_LEVELS = 8, 6
JITTER = 0.12


def values(frequencies: pd.DataFrame, missing: pd.DataFrame) -> Figure:
    """The commonest values of each field of text, and what is missing in each class.

    Parameters
    ----------
    frequencies, missing : DataFrame
        As `cxr.analysis.description` makes them.
    """
    fields = list(dict.fromkeys(frequencies["field"]))
    fig = figure(62)
    axes = np.atleast_1d(fig.subplots(1, len(fields) + 1))
    for ax, field in zip(axes, fields, strict=False):
        of_field = frequencies.loc[frequencies["field"] == field]
        shown = of_field.head(MAX_VALUES)
        y = np.arange(len(shown))
        ax.barh(y, shown["images"], color=PALETTE[0], height=0.7, label="images")
        ax.plot(shown["patients"], y, "o", ms=3, color=INK, label="patients")
        ax.set_yticks(y, [short(str(value), 22) for value in shown["value"]])
        ax.invert_yaxis()
        more = len(of_field) - len(shown)
        ax.set_title(f"{field_name(field)}{f' ({more} more)' if more else ''}")
        ax.set_xlabel("images")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    _missing(axes[-1], missing)
    return fig


def _missing(ax: Axes, missing: pd.DataFrame) -> None:
    """The share of each class's images for which a field is not recorded."""
    table = missing.pivot_table(index="field", columns="class", values="share", sort=False)
    ax.imshow(table.to_numpy(), cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(table.to_numpy()):
        colour = "white" if share < 0.55 else INK
        ax.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour)
    ax.set_xticks(range(table.shape[1]), [short(str(name), 14) for name in table.columns])
    ax.set_yticks(range(len(table)), [field_name(str(name)) for name in table.index])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title("not recorded")


def pairs(rows: pd.DataFrame, target: str, predictors: Sequence[str]) -> Figure:
    """A pair plot of the predictors, coloured by the target.

    Along the diagonal numbers have a kernel density, texts the share of each value. The
    commonest values of a text are ordered by frequency, and their points are jittered.

    Parameters
    ----------
    rows : DataFrame
        Metadata of images.
    target : str
    predictors : sequence of str
    """
    rows = rows.loc[rows[target].notna()]
    common = [str(level) for level in rows[target].value_counts().index]
    levels = sorted(common, key=[*SEVERITIES, *common].index)
    colours = {level: PALETTE[number % len(PALETTE)] for number, level in enumerate(levels)}
    axes_of = {name: _positions(rows[name]) for name in predictors}
    table = pd.DataFrame({name: positions for name, (positions, _) in axes_of.items()})
    table[target] = rows[target].to_numpy()
    fig = figure(40 * len(predictors) + 15)
    axes = np.atleast_2d(fig.subplots(len(predictors), len(predictors)))
    rng = np.random.default_rng(0)
    jittered = table.copy()
    limits = {name: _limits(table[name], ticks) for name, (_, ticks) in axes_of.items()}
    for name, (_, ticks) in axes_of.items():
        if ticks:
            jittered[name] += rng.uniform(-JITTER, JITTER, len(table))
    for row, y in enumerate(predictors):
        for column, x in enumerate(predictors):
            ax = axes[row, column]
            if row == column:
                (_shares if axes_of[x][1] else _density)(ax, table, x, target, colours)
            else:
                for level, colour in colours.items():
                    of_level = jittered.loc[jittered[target] == level]
                    ax.plot(of_level[x], of_level[y], "o", ms=3, alpha=0.6, mew=0, color=colour)
            ax.set_xlim(*limits[x])
            if row != column:
                ax.set_ylim(*limits[y])
            # The first cell of the first row is a density, whose axis is not the field's.
            first = column == (1 if row == 0 else 0)
            _label(ax, axes_of, x, y, row == len(predictors) - 1, first, row == column)
    for level, colour in colours.items():
        axes[0, 0].plot([], [], "o", ms=4, color=colour, label=short(level))
    handles = axes[0, 0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower left", ncols=5, title=field_name(target))
    return fig


def _limits(column: pd.Series, ticks: list[str]) -> tuple[float, float]:
    """The range of an axis: half a tick around text, a tenth of the range around numbers."""
    if ticks:
        return -0.5, len(ticks) - 0.5
    low, high = float(column.min()), float(column.max())
    margin = (high - low) / 10 or 1.0
    return (low - margin, high + margin) if np.isfinite(low) else (0.0, 1.0)


def _positions(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Numbers as they are; text as the tick of its value, NaN for rare and missing ones."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64), []
    common = [str(value) for value in column.value_counts().index[:MAX_LEVELS]]
    ticks = {value: tick for tick, value in enumerate(common)}
    return column.map(ticks).to_numpy(dtype=np.float64, na_value=np.nan), common


def _density(
    ax: Axes, table: pd.DataFrame, name: str, target: str, colours: dict[str, str]
) -> None:
    """Kernel densities of the levels whose values differ, each of unit area."""
    import seaborn

    spread = table.groupby(target)[name].nunique()
    kept = table.loc[table[target].isin(spread.index[spread > 1]) & table[name].notna()]
    if kept.empty:
        empty(ax, "too few values\nfor a density")
        return
    order = [level for level in colours if level in set(kept[target])]
    seaborn.kdeplot(
        data=kept,
        x=name,
        hue=target,
        hue_order=order,
        palette=colours,
        common_norm=False,
        fill=True,
        alpha=0.25,
        linewidth=1,
        legend=False,
        ax=ax,
    )


def _shares(ax: Axes, table: pd.DataFrame, name: str, target: str, colours: dict[str, str]) -> None:
    """The share of each value of a text within every level of the target, as bars."""
    recorded = table.loc[table[name].notna()]
    shares = pd.crosstab(recorded[name], recorded[target], normalize="columns")
    width = 0.8 / max(1, shares.shape[1])
    order = [level for level in colours if level in shares]
    for number, level in enumerate(order):
        x = shares.index.to_numpy(dtype=float) - 0.4 + width * (number + 0.5)
        ax.bar(x, shares[level], width, color=colours[level], alpha=0.8)
    if not order:
        empty(ax, "no values")


def _label(
    ax: Axes,
    axes_of: dict[str, tuple[np.ndarray, list[str]]],
    x: str,
    y: str,
    bottom: bool,
    left: bool,
    diagonal: bool,
) -> None:
    """Ticks of text by its values, and names at the outer edges only."""
    for axis, name, outer in ((ax.xaxis, x, bottom), (ax.yaxis, y, left)):
        if axis is ax.yaxis and diagonal:
            ax.set_yticks([])
            ax.set_ylabel("share" if axes_of[x][1] else "density")
            continue
        ticks = axes_of[name][1]
        label = {"age_years": "age (years)"}.get(name, field_name(name))
        if ticks:
            axis.set_ticks(range(len(ticks)), [short(t, 14) if outer else "" for t in ticks])
        elif not outer:
            axis.set_tick_params(labelbottom=False, labelleft=False)
        axis.set_label_text(label if outer else "")
    ax.tick_params(axis="x", rotation=35 if axes_of[x][1] and bottom else 0)


def classifiers(table: pd.DataFrame, target: str) -> Figure:
    """Accuracies by both splits, beside the majority baseline and published accuracies.

    Parameters
    ----------
    table : DataFrame
        As `cxr.analysis.classifiers.predict_target` makes it.
    target : str
    """
    names = list(dict.fromkeys(table["classifier"]))
    fig = figure(26 + 7 * len(names))
    ax = fig.subplots()
    row_of = {name: row for row, name in enumerate(names)}
    for protocol, colour, offset in ((GROUPED, PALETTE[0], -0.14), (RANDOM, PALETTE[1], 0.14)):
        rows = table.loc[table["protocol"] == protocol]
        y = rows["classifier"].map(row_of).to_numpy(dtype=float) + offset
        ax.hlines(y, rows["low"], rows["high"], color=colour, lw=1.1)
        ax.plot(rows["accuracy"], y, "o", ms=3.5, color=colour, label=protocol_label(protocol))
    published = table.loc[(table["protocol"] == GROUPED) & table["published"].notna()]
    if len(published):
        y = published["classifier"].map(row_of)
        ax.plot(published["published"], y, "x", ms=4.5, color=OUTLIER, label="published")
    grouped = table.loc[table["protocol"] == GROUPED].set_index("classifier")
    majority = grouped.loc[MAJORITY, "accuracy"]
    ax.axvline(majority, color=LINE, lw=1, zorder=0, label="majority baseline")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), xlabel="accuracy")
    size = f"{int(table['images'].iloc[0])} images of {int(table['patients'].iloc[0])} patients"
    ax.set_title(f"Predicting {field_name(target)}: {size}, 95% intervals")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return fig
