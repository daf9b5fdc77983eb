"""What a page shows of many images, and the counts of all of them."""

import numpy as np
import pandas as pd
import pytest

from cxr.explorer.document import PageRoom, explorer_document
from cxr.explorer.packing import text_levels
from cxr.explorer.shown import LEAST, draw_order, shown_rows
from cxr.explorer.thumbnails import sample
from cxr.explorer.totals import BINS, MOST_BARS, STEPS, field_codes, pack_field_totals, pack_totals
from tests.helpers.cluster_files import map_of, maps_of, ranking_of
from tests.helpers.packed import unpack

N = 3000


@pytest.fixture
def clusters(rng):
    """Three clusters, the last of 30 images, and outliers."""
    labels = np.repeat([0, 1, 2, -1], [2000, 900, 30, 70])
    table = pd.DataFrame(rng.normal(size=(N, 2)), columns=["x", "y"]).assign(cluster=labels)
    table.insert(0, "image_id", [f"i{i:04d}" for i in range(N)])
    return table


def test_the_order_of_a_draw_is_that_of_the_ids_whatever_else_is_there(clusters):
    ids = clusters["image_id"].to_numpy()
    order = ids[draw_order(ids, 1)]
    assert sorted(order) == sorted(ids)
    some = ids[1::3]
    np.testing.assert_array_equal(some[draw_order(some, 1)], order[np.isin(order, some)])
    assert not np.array_equal(order, ids[draw_order(ids, 2)])
    # The places of a fair draw are spread evenly.
    first = np.argsort(draw_order(ids, 1))[: N // 2]
    assert abs(first.mean() - N / 2) < 5 * N / np.sqrt(12 * N / 2)


def test_small_clusters_and_what_is_pictured_are_shown(clusters):
    rows = shown_rows(clusters, 600, [5, 2999], 0)
    counts = clusters["cluster"].iloc[rows].value_counts()
    assert counts[2] == 30
    assert counts[-1] == 70
    assert 600 <= len(rows) < 600 + 2 * LEAST + 2
    assert {5, 2999} <= set(rows.tolist())
    assert (np.diff(rows) > 0).all()
    assert abs(counts[0] / N - 2000 / N * 0.2) < 0.03
    assert len(shown_rows(clusters, N, [], 0)) == N
    pictured = sample(clusters, 100, 100, 0)
    on_map = clusters["image_id"].iloc[rows]
    assert np.isin(pictured, on_map).mean() > 0.95


def test_totals_are_those_of_pandas(clusters, rng):
    texts = pd.Series(rng.choice([*(f"level {i:02d}" for i in range(20)), None], N))
    numbers = pd.Series(np.where(rng.random(N) < 0.1, np.nan, rng.normal(size=N)))
    fields = pd.DataFrame({"text": texts, "number": numbers})
    _, levels = text_levels(texts)
    counted = unpack(pack_field_totals(texts, levels))
    assert counted.tolist() == [*texts.value_counts()[levels], texts.isna().sum()]
    assert unpack(pack_field_totals(numbers, None))[STEPS] == numbers.isna().sum()
    labels = clusters["cluster"].to_numpy()
    totals = pack_totals(labels, fields, [levels, None])
    assert unpack(totals["clusters"]).tolist() == [2000, 900, 30, 70]
    of_text, of_number = (unpack(packed).reshape(4, -1) for packed in totals["fields"])
    bars = [*levels[:MOST_BARS], "others", "unknown"]
    merged = texts.where(texts.isin(levels[:MOST_BARS]) | texts.isna(), "others").fillna("unknown")
    expected = pd.crosstab(pd.Series(labels), merged).reindex(index=[0, 1, 2, -1], columns=bars)
    np.testing.assert_array_equal(of_text, expected.to_numpy())
    edges = np.linspace(np.float32(numbers.min()), np.float32(numbers.max()), BINS + 1)
    steps = np.digitize(numbers.astype(np.float32), edges[1:-1])
    steps = np.where(numbers.isna(), BINS, steps)
    expected = pd.crosstab(labels, steps).reindex(index=[0, 1, 2, -1], columns=range(BINS + 1))
    np.testing.assert_array_equal(of_number, expected.fillna(0).to_numpy())
    assert field_codes(pd.Series([2.0, 2.0]), None, BINS).tolist() == [0, 0]


def test_a_document_of_many_images_shows_some_and_counts_all(rng):
    grid, ranking = ranking_of()
    mapped = map_of(rng)
    ids = mapped["image_id"]
    maps = {"embeddings": maps_of(mapped), "grid": grid, "ranking": ranking, "clusters": mapped}
    cohort = pd.DataFrame({"image_id": ids, "patient_id": [f"p{i // 2}" for i in range(20)]})
    cohort["split"] = "train"
    metadata = pd.DataFrame({"image_id": ids, "view": ["PA", "AP"] * 10, "width": range(20)})
    records = {"cohort": cohort, "metadata": metadata}
    found = {"controls": mapped.iloc[[4, 11]].assign(subject="pixels")}
    bounds = {"min_clusters": 2, "max_clusters": 8}
    room = PageRoom(models=2, most=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cxr.explorer.shown.LEAST", 1)
        patch.setattr("cxr.explorer.examples.PER_CLUSTER", 1)
        made = explorer_document(maps, records, found, bounds, None, room=room)
        whole = explorer_document(maps, records, found, bounds, None)
    shown = made["image_ids"]
    assert len(shown) < made["total"] == 20
    assert "total" not in whole
    assert {"i04", "i11"} <= set(shown)
    assert shown == sorted(shown)
    example, of_all = made["galleries"]["clusters"][0], whole["galleries"]["clusters"][0]
    for kind in ("medoids", "borderline"):
        assert [shown[row] for row in example[kind]] == [f"i{row:02d}" for row in of_all[kind]]
    view, width = (next(f for f in made["fields"] if f["name"] == n) for n in ("view", "width"))
    named = [view["levels"][code] for code in unpack(view["values"])]
    assert named == metadata.set_index("image_id").loc[shown, "view"].tolist()
    assert unpack(view["totals"]).tolist() == [10, 10, 0]
    assert width["range"] == [0, 19]
    first, all_of_it = (one["maps"][one["chosen"]] for one in (made, whole))
    rows = [int(name[1:]) for name in shown]
    np.testing.assert_array_equal(
        unpack(first["xy"]).reshape(-1, 2), unpack(all_of_it["xy"]).reshape(-1, 2)[rows]
    )
    labels = unpack(all_of_it["labellings"][0]["cluster"])
    assert unpack(first["labellings"][0]["cluster"]).tolist() == labels[rows].tolist()
    counted = unpack(first["labellings"][0]["totals"]["clusters"])
    assert counted.sum() == 20
    assert counted[-1] == (labels == -1).sum()
