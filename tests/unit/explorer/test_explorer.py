"""What the report's explorer is given: packed columns, aligned maps, labels, thumbnails."""

import base64
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cxr.clustering.grid import label_map, standardise, sweep_dbscan
from cxr.clustering.ranking import choose_map, rank
from cxr.explorer.fields import pack_fields
from cxr.explorer.maps import LABELS_BYTES, MAPS_BYTES, align, match, pack_maps, shown_perplexities
from cxr.explorer.packing import LONGEST, pack_counts, pack_numbers, pack_texts, script_json
from cxr.explorer.thumbnails import LARGE, PER_SHEET, SMALL, sample, sheets
from tests.helpers.pages import HOSTILE

RULES = {"min_clusters": 2, "max_clusters": 8, "max_perplexity_share": 1 / 3}


def unpack(column):
    return np.frombuffer(base64.b64decode(column["data"]), column["type"])


@given(st.lists(st.integers(-1, 2**31 - 1)))
def test_counts_come_back_in_the_fewest_bits(values):
    packed = pack_counts(np.array(values, dtype=np.int64))
    assert unpack(packed).tolist() == values
    bits = next(b for b in (8, 16, 32) if max(values, default=0) < 2 ** (b - 1))
    assert packed["type"] == f"int{bits}"


def test_texts_come_back_by_level_and_unknown_ones_as_none():
    packed = pack_texts(pd.Series(["b", None, "a", "b", np.nan], dtype=object))
    assert packed["levels"] == ["b", "a"]
    assert unpack(packed["values"]).tolist() == [0, -1, 1, 0, -1]
    assert pack_texts(pd.Series(["b", "b", "a"]), ordered=True)["levels"] == ["a", "b"]


def test_long_text_is_cut_and_stays_one_level():
    levels = pack_texts(pd.Series(["x" * 10_000, "x" * 9_000]))["levels"]
    assert levels == ["x" * (LONGEST - 1) + "…"]


def test_numbers_come_back_with_unknown_ones():
    values = unpack(pack_numbers(pd.Series([1.5, np.nan]))["values"])
    assert values[0] == 1.5
    assert np.isnan(values[1])


@given(st.text())
def test_json_in_a_script_holds_no_markup(text):
    written = script_json({"text": text + HOSTILE})
    assert not set("<>&") & set(written)
    assert json.loads(written) == {"text": text + HOSTILE}


def test_a_turned_and_mirrored_map_is_turned_back(rng):
    points = standardise(rng.normal(size=(50, 2)))
    angle = 2.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert align(points @ turn * [1, -1], points) == pytest.approx(points)


def test_labels_take_the_numbers_of_the_clusters_that_they_share_most_with():
    reference = np.array([0, 0, 0, 1, 1, 1, -1])
    assert match(np.array([1, 1, 1, 0, 0, -1, -1]), reference).tolist() == [0, 0, 0, 1, 1, -1, -1]
    # A third cluster has no partner, and outliers stay outliers.
    assert match(np.array([2, 2, -1, 1, 1, 0, -1]), reference).tolist() == [0, 0, -1, 1, 1, 2, -1]
    assert match(np.array([0, 1, -1]), np.array([-1, -1, -1])).tolist() == [0, 1, -1]


@pytest.mark.parametrize("n_images", [20, 3_000, 50_000])
def test_the_chosen_perplexity_is_always_among_those_shown(n_images):
    all_of_them = [float(p) for p in range(1, 174)]
    for chosen in (1.0, 37.0, 173.0):
        shown = shown_perplexities(all_of_them, chosen, n_images)
        assert chosen in shown
        assert shown == sorted(set(shown))
        assert len(shown) * 4 * n_images <= max(MAPS_BYTES, 8 * n_images)
    assert shown_perplexities([5.0, 10.0], 10.0, n_images) == [5.0, 10.0]


@pytest.fixture
def searched(rng):
    """Maps with three groups, their grid and ranking, and the chosen map."""
    ids = [f"i{i:03d}" for i in range(90)]
    tables = []
    for method, perplexity in (("tsne", 5.0), ("tsne", 10.0), ("pca", np.nan)):
        centres = np.repeat([[0, 0], [9, 0], [0, 9]], 30, axis=0) if method == "tsne" else 0
        xy = centres + rng.normal(size=(90, 2))
        table = pd.DataFrame(xy, columns=["x", "y"]).assign(image_id=ids, method=method)
        tables.append(table.assign(perplexity=perplexity, seed=0))
    embeddings = pd.concat(tables, ignore_index=True)
    grid = sweep_dbscan(pa.Table.from_pandas(embeddings), [0.1, 0.4, 0.8], [3, 5]).to_pandas()
    ranking = rank(grid, 90, **RULES)
    return embeddings, grid, ranking, label_map(*choose_map(embeddings, ranking, "tsne"))


def test_packed_maps_hold_the_places_cells_and_labels_of_the_files(searched):
    embeddings, grid, ranking, clusters = searched
    packed = pack_maps(embeddings, grid, ranking, clusters)
    assert [one["method"] for one in packed["maps"]] == ["tsne", "tsne", "pca"]
    chosen = packed["maps"][packed["chosen"]]
    assert chosen["perplexity"] == ranking.iloc[0]["perplexity"]
    xy = (unpack(chosen["xy"]).reshape(-1, 2) / 32767.5 - 1) * chosen["extent"]
    assert xy == pytest.approx(standardise(clusters[["x", "y"]].to_numpy()), abs=1e-3)
    assert unpack(chosen["labellings"][0]["cluster"]).tolist() == clusters["cluster"].tolist()
    cells = grid[(grid["method"] == "tsne") & (grid["perplexity"] == chosen["perplexity"])]
    for place, row in enumerate(cells.sort_values(["min_samples", "eps"]).itertuples()):
        assert unpack(chosen["grid"]["n_clusters"])[place] == row.n_clusters
        assert unpack(chosen["grid"]["n_outliers"])[place] == row.n_outliers
        score = row.balance_score if 2 <= row.n_clusters <= 8 else -1
        assert unpack(chosen["grid"]["score"])[place] == score
    assert packed["maps"][-1]["perplexity"] is None


def test_maps_without_a_qualifying_cell_have_no_labels(searched):
    embeddings, grid, ranking, clusters = searched
    packed = pack_maps(embeddings, grid, ranking.iloc[:0], clusters.assign(cluster=-1))
    assert [one["labellings"] for one in packed["maps"]] == [[], [], []]
    assert (unpack(packed["maps"][0]["grid"]["score"]) == -1).all()


def test_labels_take_no_more_room_than_they_may(searched, monkeypatch):
    embeddings, grid, ranking, clusters = searched
    monkeypatch.setattr("cxr.explorer.maps.LABELS_BYTES", 2 * 3 * 90)
    packed = pack_maps(embeddings, grid, ranking, clusters)
    assert max(len(one["labellings"]) for one in packed["maps"]) == 2
    assert LABELS_BYTES > 100_000


def test_fields_are_those_recorded_and_predicted():
    clusters = pd.DataFrame({"image_id": ["a", "b"]})
    cohort = pd.DataFrame({"image_id": ["b", "c", "a"], "class": "ill", "split": "train"})
    metadata = pd.DataFrame({"image_id": ["a", "b"], "country": ["Italy", None], "sex": None})
    predictions = pd.DataFrame({"image_id": ["a", "b"], "predicted": ["ill", "well"]})
    predictions["probability_ill"], predictions["probability_well"] = [0.9, 0.2], [0.1, 0.8]
    fields = {f["name"]: f for f in pack_fields(clusters, cohort, metadata, predictions)}
    assert list(fields) == ["class", "country", "predicted", "probability"]
    assert unpack(fields["country"]["values"]).tolist() == [0, -1]
    assert unpack(fields["probability"]["values"]) == pytest.approx([0.9, 0.8])
    assert fields["probability"]["words"] == "probability of the predicted class"


def test_a_sample_has_its_share_of_each_cluster_and_the_images_at_the_centres(rng):
    clusters = pd.DataFrame({"image_id": [f"i{i:04d}" for i in range(1000)]})
    clusters["cluster"] = np.repeat([0, 1, -1], [700, 290, 10])
    clusters[["x", "y"]] = rng.normal(size=(1000, 2))
    clusters.loc[750, ["x", "y"]] = clusters.loc[700:989, ["x", "y"]].median()
    chosen = sample(clusters, 500, 100, 0)
    counts = clusters.set_index("image_id").loc[chosen]["cluster"].value_counts()
    assert 70 <= counts[0] <= 71
    assert 29 <= counts[1] <= 30
    assert counts[-1] >= 1
    assert "i0750" in chosen
    assert chosen == sample(clusters, 500, 100, 0) != sample(clusters, 500, 100, 1)
    assert sample(clusters, 1000, 100, 0) == list(clusters["image_id"])


def test_thumbnails_lie_where_the_page_looks_for_them():
    images = np.stack([np.full((96, 96), value, np.uint8) for value in range(130)])
    rows = list(range(129, -1, -1))
    made = sheets(images, rows)
    assert (made["side"], made["columns"]) == (LARGE, 10)
    assert len(made["sheets"]) == 2
    for place, row in enumerate(rows):
        data = base64.b64decode(made["sheets"][place // PER_SHEET].partition(",")[2])
        sheet = np.asarray(Image.open(io.BytesIO(data)))
        at = place % PER_SHEET
        y, x = LARGE * (at // 10) + LARGE // 2, LARGE * (at % 10) + LARGE // 2
        assert abs(int(sheet[y, x]) - row) <= 2
    assert sheets(images, [0] * 1001)["side"] == SMALL
    assert sheets(images[:, :20, :20], [0])["side"] == 20
