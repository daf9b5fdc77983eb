"""The search for similar images against scikit-learn, and what it makes of awkward features."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_distances, euclidean_distances

from cxr.core.errors import InputError
from cxr.features.tables import features_table
from cxr.similarity.comparison import HELD_OUT, TRAINED, build_spaces, compare_spaces
from cxr.similarity.folds import fold_of
from cxr.similarity.index import APPROXIMATE, EXACT, ExactIndex, make_index, read_index
from cxr.similarity.neighbours import NEIGHBOURS, neighbours_of_all
from cxr.similarity.query import indexed_features, nearest_images, read_query
from cxr.similarity.retrieval import SharedField, retrieve, select_queries
from cxr.similarity.sheets import select_sheets
from cxr.similarity.space import make_space, space_summary, to_points

DISTANCES = {
    "cosine": cosine_distances,
    "centred": lambda x: cosine_distances(x - x.mean(axis=0)),
    "euclidean": euclidean_distances,
}


def table_of(features, classes="a"):
    ids = [f"i{number:05d}" for number in range(len(features))]
    cohort = pd.DataFrame({"image_id": ids, "class": classes, "split": "train"})
    return features_table(cohort, np.asarray(features))


def space_of(features, patients=None, metric="cosine", seed=0):
    table = table_of(features)
    owners = np.arange(len(table)) if patients is None else patients
    owners = pd.Series(np.asarray(owners).astype(str), index=table["image_id"])
    return make_space(table, owners, metric, seed)


def found_in(space, k=5, own_patient=False, **options):
    index, how = make_index(space, k, **{"exact_up_to": 20_000, "recall": 0.98} | options)
    return neighbours_of_all(space, index, k, own_patient).to_pandas(), index, how


OPTIONS = {"seed": 0, "threads": 1}


@pytest.mark.parametrize("metric", list(DISTANCES))
@pytest.mark.parametrize("own_patient", [False, True])
def test_neighbours_are_those_of_scikit_learn(metric, own_patient, rng):
    features = rng.normal(size=(120, 8)).astype(np.float32)
    patients = np.arange(120) // 3
    space, _ = space_of(features, patients, metric)
    found, _, _ = found_in(space, 10, own_patient, **OPTIONS)
    apart = DISTANCES[metric](features.astype(np.float64))
    if own_patient:
        np.fill_diagonal(apart, np.inf)
    else:
        apart[patients[:, None] == patients] = np.inf
    order = np.argsort(apart, axis=1)[:, :10]
    assert found["query_id"].tolist() == np.repeat(space.image_ids, 10).tolist()
    assert found["neighbour_id"].tolist() == space.image_ids[order].ravel().tolist()
    assert found["rank"].tolist() == list(range(1, 11)) * 120
    expected = np.take_along_axis(apart, order, axis=1).ravel()
    np.testing.assert_allclose(found["distance"], expected, atol=1e-5)


def test_an_approximate_search_says_its_recall_and_repeats_its_bytes(rng, tmp_path):
    signal = rng.normal(size=(3000, 8)) @ rng.normal(size=(8, 32))
    space, _ = space_of(np.maximum(signal, 0) + 0.01)
    found, index, how = found_in(space, 36, exact_up_to=2000, **OPTIONS)
    true, _, exact = found_in(space, 36, **OPTIONS)
    assert (how.method, exact.method) == (APPROXIMATE, EXACT)
    pairs = {(q, n) for q, n in zip(true["query_id"], true["neighbour_id"], strict=True)}
    hits = sum(pair in pairs for pair in zip(found["query_id"], found["neighbour_id"], strict=True))
    assert hits / len(pairs) >= 0.98
    assert hits / len(pairs) == pytest.approx(how.recall, abs=0.01)
    index.save(tmp_path / "a")
    found_in(space, 36, exact_up_to=2000, **OPTIONS)[1].save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    stored = read_index(tmp_path / "a", how)
    point = space.points[:1]
    assert stored.find(point, 5).tolist() == index.find(point, 5).tolist()
    assert stored.find(point, 5)[0, 0] == 0
    (tmp_path / "a").write_bytes(b"cut short")
    with pytest.raises(InputError, match="not a whole index"):
        read_index(tmp_path / "a", how)


def test_where_too_few_neighbours_are_found_all_distances_are_computed(rng):
    # Of independent Gaussians none is much nearer than the others: graphs lose their way.
    space, _ = space_of(rng.normal(size=(2500, 256)))
    found, _, how = found_in(space, 36, exact_up_to=2000, recall=1.0, **OPTIONS)
    assert (how.method, how.recall) == (EXACT, 1.0)
    assert len(found) == 2500 * 36


def test_more_neighbours_than_images_are_all_there_are(rng):
    space, _ = space_of(rng.normal(size=(4, 3)), ["a", "a", "b", "c"])
    found, _, _ = found_in(space, 36, **OPTIONS)
    assert found.groupby("query_id").size().tolist() == [2, 2, 3, 3]
    assert space_summary(space, 36)["insufficient"] == (
        "3 other images are fewer than the 36 neighbours that are wanted"
    )
    assert space_summary(space, 3)["insufficient"] is None


@pytest.mark.parametrize("n", [0, 1])
def test_one_image_has_no_neighbours(n, rng):
    space, _ = space_of(rng.normal(size=(n, 3)))
    index, _ = make_index(space, 36, 20_000, 0.98, **OPTIONS)
    found = neighbours_of_all(space, index, 36, own_patient=False)
    assert found.schema == NEIGHBOURS
    assert len(found) == 0
    assert "nothing can be similar" in space_summary(space, 36)["insufficient"]


def test_equal_features_favour_no_image(rng):
    features = np.tile(rng.random(6), (60, 1))
    space, _ = space_of(features)
    assert "neighbours are chance" in space_summary(space, 5)["insufficient"]
    classes = np.repeat(["a", "b", "c"], 20)
    answers = retrieve(space, np.arange(60), [SharedField("class", classes)], 5, own=False)
    # Names would find the images that come first: precision 1 for a, 0 for the others.
    assert answers.groupby("level")["average_precision"].mean().max() < 0.5


def test_images_without_a_place_are_listed_and_cost_only_themselves(rng):
    features = rng.random((20, 4))
    features[3, 1], features[5, 0], features[7] = np.nan, np.inf, 0
    space, rejected = space_of(features)
    assert rejected.to_dict("records") == [
        {"image_id": "i00003", "reason": "a feature is NaN or infinite"},
        {"image_id": "i00005", "reason": "a feature is NaN or infinite"},
        {"image_id": "i00007", "reason": "all features are 0: no direction"},
    ]
    found, _, _ = found_in(space, 36, **OPTIONS)
    assert found.groupby("query_id").size().tolist() == [16] * 17
    assert np.isfinite(found["distance"]).all()
    assert len(space_of(features, metric="euclidean")[1]) == 2


def test_precision_and_average_precision_are_the_textbooks(rng):
    features, classes = rng.normal(size=(60, 5)), rng.choice(["a", "b"], 60).astype(object)
    patients = rng.integers(0, 25, 60)
    space, _ = space_of(features, patients)
    answers = retrieve(space, np.arange(60), [SharedField("class", classes)], 7, own=False)
    apart = cosine_distances(features.astype(np.float32).astype(np.float64))
    for row in answers.to_dict("records"):
        query = row["row"]
        others = patients != patients[query]
        right = classes[others] == classes[query]
        near = np.argsort(apart[query][others])
        assert row["precision"] == right[near[:7]].mean()
        expected = average_precision_score(right, -apart[query][others])
        assert row["average_precision"] == pytest.approx(expected)
        assert row["base_rate"] == right.mean()


def test_follow_ups_of_a_patient_flatter_the_search(rng):
    people = rng.normal(size=(60, 6))
    features = np.repeat(people, 2, axis=0) + 0.01 * rng.normal(size=(120, 6))
    classes = np.repeat(rng.choice(["a", "b"], 60), 2)
    patients = [f"p{number // 2}" for number in range(120)]
    table = table_of(features)
    records = pd.DataFrame({"class": classes, "patient_id": patients}, index=table["image_id"])
    found = compare_spaces(build_spaces({TRAINED: table}, [], records, "cosine", 0), 1, 0)
    rows = found[found["level"] == "all"].set_index("own_patient")
    assert rows.loc["included", "precision"] == 1
    assert rows.loc["excluded", "precision"] < 0.75
    assert rows.loc["excluded", "enrichment_low"] < 1 < rows.loc["excluded", "enrichment_high"]
    own = rows.loc["excluded"]
    assert own["precision_low"] < own["precision"] < own["precision_high"]


def test_what_else_neighbours_share_is_asked_within_a_class(rng):
    # Country follows the class, and inside class a nothing but the features' place.
    features = rng.normal(size=(80, 2))
    features[40:] += 20
    country = np.where(np.arange(80) < 40, np.where(features[:, 0] > 0, "Italy", "Spain"), "China")
    table = table_of(features)
    records = pd.DataFrame({"class": np.repeat(["a", "b"], 40), "country": country})
    records = records.assign(patient_id=table["image_id"].to_numpy()).set_index(table["image_id"])
    found = compare_spaces(build_spaces({TRAINED: table}, [], records, "euclidean", 0), 5, 0)
    told = found[(found["field"] == "country") & (found["own_patient"] == "excluded")]
    assert told["level"].tolist() == ["a"]
    assert told["enrichment_low"].iloc[0] > 1.2


def test_parts_are_searched_by_themselves(rng):
    table = table_of(rng.normal(size=(40, 4)))
    records = pd.DataFrame({"class": ["a", "b"] * 20}, index=table["image_id"])
    records["patient_id"] = records.index
    folds = [table.iloc[::2].reset_index(drop=True), table.iloc[1::2].reset_index(drop=True)]
    searches = build_spaces({TRAINED: table}, folds, records, "cosine", 0)
    assert list(searches.spaces) == [HELD_OUT, TRAINED]
    for ours, theirs in zip(*searches.spaces.values(), strict=True):
        assert ours.image_ids.tolist() == theirs.image_ids.tolist()
    empty = build_spaces({TRAINED: table}, [folds[0], folds[1].iloc[:0]], records, "cosine", 0)
    assert {name: len(parts) for name, parts in empty.spaces.items()} == {TRAINED: 1}


def test_of_many_images_whole_patients_are_asked(rng):
    owners = rng.integers(0, 900, 3000)
    rows = select_queries(owners, 0)
    assert 900 < len(rows) <= 1000
    asked = np.zeros(3000, dtype=bool)
    asked[rows] = True
    assert not set(owners[asked]) & set(owners[~asked])
    assert select_queries(owners[:1000], 0).tolist() == list(range(1000))


SPLITS = {"validation": 0.15, "test": 0.2}


def cohort_of(patients):
    owner = np.arange(2 * patients * 2) // 2
    return pd.DataFrame(
        {
            "image_id": [f"i{number:03d}" for number in range(len(owner))],
            "class": np.where(owner % 2, "a", "b"),
            "split": "train",
            "split_group": owner,
        }
    )


def test_no_network_saw_the_patients_that_it_searches():
    cohort = cohort_of(12)
    folds = [fold_of(cohort, fold, 2, SPLITS, 0) for fold in (1, 2)]
    tests = [set(fold.loc[fold["split"] == "test", "split_group"]) for fold in folds]
    assert tests[0] | tests[1] == set(cohort["split_group"])
    assert not tests[0] & tests[1]
    for fold, test in zip(folds, tests, strict=True):
        assert not test & set(fold.loc[fold["split"] != "test", "split_group"])
        assert set(fold.loc[fold["split"] == "train", "class"]) == {"a", "b"}


def test_too_few_patients_cost_the_parts_and_not_the_run():
    assert fold_of(cohort_of(4), 1, 2, SPLITS, 0).empty
    # One patient owns most of a class, so that the others are hardly enough for a fold.
    sizes = [1] * 30 + [20] + [1] * 7
    owners = np.repeat(np.arange(len(sizes)), sizes)
    skewed = pd.DataFrame(
        {"image_id": [f"i{i}" for i in range(len(owners))], "split_group": owners}
    )
    skewed["class"], skewed["split"] = np.where(owners < 30, "a", "b"), "train"
    assert all(fold_of(skewed, fold, 2, SPLITS, 0).empty for fold in (1, 2))


def test_sheets_show_the_median_the_best_and_the_worst():
    classes = pd.Series({"q1": "a", "q2": "a", "q3": "a", "x": "b", "y": "a"})
    found = pd.DataFrame(
        [
            (q, r, n)
            for q, near in (("q1", "xx"), ("q2", "yx"), ("q3", "yy"))
            for r, n in enumerate(near, start=1)
        ],
        columns=["query_id", "rank", "neighbour_id"],
    )
    sheets = select_sheets(found, classes)
    chosen = {kind: sheets[kind]["a"].query_id for kind in sheets}
    assert chosen == {"median": "q2", "best": "q3", "worst": "q1"}
    assert sheets["median"]["a"].neighbour_ids == ["y", "x"]
    assert sheets["best"]["a"].share == 1


@pytest.mark.parametrize("metric", list(DISTANCES))
def test_a_query_finds_its_own_image_first(metric, rng, tmp_path):
    table = table_of(rng.random((30, 4)))
    table.loc[4, "f001"] = np.nan
    owners = pd.Series(table["image_id"].to_numpy(), index=table["image_id"])
    space, rejected = make_space(table, owners, metric, 0)
    rejected.to_csv(tmp_path / "rejected.csv", index=False)
    known = indexed_features(table, tmp_path / "rejected.csv")
    columns = ["class", "country", "view", "severity_extent", "doi"]
    records = pd.DataFrame(None, index=table["image_id"], columns=columns)
    own = table.filter(regex="^f").to_numpy()[9:10]
    found = nearest_images("new.png", own, ExactIndex(space.points), known, records, metric, 5)
    assert found["neighbour_id"].iloc[0] == "i00009"
    assert found["distance"].iloc[0] == pytest.approx(0, abs=1e-6)
    assert found["rank"].tolist() == [1, 2, 3, 4, 5]
    with pytest.raises(InputError, match="run find_similar again"):
        nearest_images("new.png", own, ExactIndex(space.points), table, records, metric, 5)


def test_a_query_that_is_no_image_is_said_in_one_line(tmp_path):
    bad = tmp_path / "note.png"
    bad.write_text("no image")
    with pytest.raises(InputError, match=r"config key 'query': .*note.png can't be used: .*; name"):
        read_query(bad, 32, "crop")
    good = tmp_path / "good.png"
    Image.fromarray(np.arange(10_000, dtype=np.uint8).reshape(100, 100)).save(good)
    assert read_query(good, 32, "crop").shape == (1, 32, 32)


def test_a_query_in_which_nothing_is_seen_is_refused(rng):
    table = table_of(rng.random((9, 4)))
    index = ExactIndex(to_points(table.filter(regex="^f").to_numpy(np.float64), "cosine"))
    with pytest.raises(InputError, match="is it an image like the study's"):
        nearest_images("black.png", np.zeros((1, 4)), index, table, table, "cosine", 5)
