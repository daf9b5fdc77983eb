"""Figures of clusters show what selected them, and how sure each image's cluster is."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from cxr.figures.clusters import OPACITY, PALEST, cells, clusters, maps
from tests.helpers.cluster_files import map_of, ranking_of


def opacities(figure):
    """The opacity of each point, cluster by cluster, the outliers first."""
    return [points.get_facecolor()[:, 3] for points in figure.axes[0].collections]


def test_images_of_low_agreement_are_pale(rng):
    mapped = map_of(rng).assign(agreement=np.linspace(0, 1, 20))
    mapped.loc[19, "agreement"] = np.nan
    figure = clusters(mapped, ranking_of()[1], "consensus")
    outliers, first, second = opacities(figure)
    np.testing.assert_allclose(outliers, OPACITY, err_msg="its agreement is not defined")
    assert first[0] == pytest.approx(PALEST)
    assert (np.diff([*first, *second]) > 0).all()
    handles = figure.axes[0].get_legend().legend_handles
    assert {handle.get_alpha() for handle in handles} == {OPACITY}


def test_without_an_agreement_all_images_are_alike(rng):
    for mapped in (map_of(rng), map_of(rng).assign(agreement=np.nan)):
        shown = np.concatenate(opacities(clusters(mapped, ranking_of()[1], "balance")))
        np.testing.assert_allclose(shown, OPACITY)


@pytest.mark.parametrize(
    ("choose", "title", "value"),
    [("consensus", "consensus 0.65", 0.65), ("balance", "balance score 17", 17)],
)
def test_the_grid_shows_what_selects(rng, choose, title, value):
    grid, ranking = ranking_of()
    assert title in clusters(map_of(rng), ranking, choose).axes[0].get_title("left")
    heat, lines, *_ = cells(grid, ranking, 1 / 3, choose).axes
    assert heat.images[0].get_array().max() == value
    assert lines.get_ylabel() == f"best {title.rsplit(' ', 1)[0]}"


@pytest.mark.parametrize("choose", ["consensus", "balance"])
def test_long_titles_of_maps_are_within_the_figure(rng, choose):
    ranking = ranking_of()[1].assign(perplexity=178.0, eps=1.25, min_samples=19, balance_score=136)
    figure = maps(map_of(rng), map_of(rng), ranking, choose)
    figure.draw_without_rendering()
    ends = []
    for ax in figure.axes:
        (title,) = (each for each in ax.findobj(Text) if each.get_text() == ax.get_title("left"))
        ends.append(title.get_window_extent().x1)
    assert ends[0] < figure.axes[1].bbox.x0
    assert ends[1] < figure.bbox.x1


def test_the_balance_score_is_shown_where_all_have_too_many_outliers(rng):
    grid, ranking = ranking_of()
    ranking = ranking.assign(consensus=np.nan)
    heat, lines, *_ = cells(grid, ranking, 1 / 3, "consensus").axes
    assert heat.images[0].get_array().max() == 17
    assert lines.get_ylabel() == "best balance score"


def test_a_grid_without_a_reliable_cell_is_said(rng):
    grid, ranking = ranking_of()
    left = cells(grid, pd.DataFrame(ranking).assign(reliable=False), 1 / 3, "consensus").axes[0]
    assert left.texts[0].get_text() == "no cell of the grid qualifies"
