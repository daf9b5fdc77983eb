"""What a change reruns: everything that depends on it, and nothing else."""

import ast
import copy
import os
import re
import time

import pytest

from tests.helpers.study import TINY, workspace

pytestmark = pytest.mark.timeout(900)

ASSESSED = {
    **{"assess_evidence": 1, "draw_evidence": 1, "pack_explorer": 1},
    **{"show_table": 1, "write_report": 1},
}
REPEATED = {"repeat_search": 1, **ASSESSED}
SIMULATED = {"search_nulls": 2}
PICTURED = {"make_pictures": 1, "make_thumbnails": 1}
SHOWN = {"draw_clusters": 1, **PICTURED, "pack_explorer": 1, "show_table": 3}
REPRESENTED = {"compare_representations": 1}
AFTER_GRID = {"score": 1, "count_countries": 1, **REPEATED, **REPRESENTED, **SHOWN}
SWEPT = {"sweep": 3, **AFTER_GRID}
AFTER_MAPS = {"sweep_hdbscan": 3, **SWEPT}
AFTER_FEATURES = {"find_neighbours": 1, "embed": 2, **SIMULATED, **AFTER_MAPS}
DRAWN_SIMILAR = {"draw_similar": 1, "draw_sheets": 1, "write_report": 1}
COMPARED_SEARCHES = {
    "measure_similarity": 1,
    "estimate_severity": 1,
    **DRAWN_SIMILAR,
    "show_table": 3,
}
RETRIEVED = {"measure_similarity": 1, **DRAWN_SIMILAR, "show_table": 2}
MEASURED_NEIGHBOURS = {**COMPARED_SEARCHES, **REPRESENTED, "show_table": 4}
SIMILAR = {"find_similar": 1, **MEASURED_NEIGHBOURS, "pack_explorer": 1}
COMPARED = {"compare_models": 1, "show_table": 1, "write_report": 1}
AFTER_METRICS = {"draw_training": 1, "explain": 1, "pack_explorer": 1, **COMPARED}
EVALUATED = {"evaluate": 1, "stratify": 1, "review": 1, **AFTER_METRICS}
LEARNED = {"export_features": 1, "make_control": 1, **SIMILAR}
AFTER_TRAINING = {**LEARNED, **EVALUATED, **AFTER_FEATURES}
RETRAINED = {"train": 1, "train_part": 1, **AFTER_TRAINING, "show_table": 7}
FOLDED = {"divide_folds": 1, "run_baselines": 1}
SELECTED = {"assemble_cohort": 1, "draw_cohort": 1, "find_lungs": 1}
ALL = {**SELECTED, **FOLDED, **RETRAINED, "show_table": 8}
CLEANED = {"clean_metadata": 1, **ALL, "show_table": 9}
INSPECTED = {"inspect_images": 1, **CLEANED}
READ = {"read_sources": 1, **INSPECTED}


PAGES = {"show_table": 9, "write_report": 1}


def added(chunks):
    """What runs for some chunks of maps more."""
    return {"embed": chunks, "sweep": chunks, "sweep_hdbscan": chunks, **AFTER_GRID}


def changed(path, value):
    config = copy.deepcopy(TINY)
    *parents, last = path.split(".")
    place = config
    for part in parents:
        place = place.setdefault(part, {})
    place[last] = value
    return config


def test_nothing_reruns_when_nothing_changed(finished):
    assert finished.planned() == {}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("clustering.eps", [0.3, 0.6], {**SWEPT, **SIMULATED}),
        ("clustering.min_samples", [3, 4, 5], {**SWEPT, **SIMULATED}),
        ("clustering.hdbscan", {"min_cluster_size": [4]}, {"sweep_hdbscan": 3, **AFTER_GRID}),
        ("clustering.hdbscan", None, AFTER_GRID),
        ("clustering.max_clusters", 7, {**AFTER_GRID, **SIMULATED}),
        ("evidence.thresholds", {"alpha": 0.2}, ASSESSED),
        ("evidence.permutations", 199, ASSESSED),
        ("evidence.resamples", 11, REPEATED),
        ("evidence.replicates", 39, {**SIMULATED, **ASSESSED}),
        ("evidence.within", "source", {**SIMULATED, **ASSESSED}),
        ("evidence.training_seeds", [1], {"retrain": 1, **REPEATED}),
        ("evidence", None, {"pack_explorer": 1, "write_report": 1}),
        ("similarity.k", 5, SIMILAR),
        ("similarity.severity", {"serious": 6.0}, COMPARED_SEARCHES),
        ("similarity.folds", 2, {"train_fold": 2, **RETRIEVED}),
        ("similarity", None, {"pack_explorer": 1, "write_report": 1}),
        ("report.title", "Another title", {"write_report": 1}),
        ("models.conv5.training.phases", [{"epochs": 3, "batch_size": 16}], RETRAINED),
        ("evaluation.folds", 2, {**FOLDED, "train_part": 4, **EVALUATED}),
        ("evaluation.explained", 2, {"explain": 1, "write_report": 1}),
        ("evaluation.baselines", False, COMPARED),
        ("cohort.per_class", 12, ALL),
        ("cohort.min_side", 60, INSPECTED),
        ("cohort.image_size", 64, INSPECTED),
        ("cohort.chunks", 3, {**INSPECTED, "inspect_images": 3}),
        ("sources.phantoms.seed", 1, {"download": 1, "record_source": 1, **READ}),
        ("sources.phantoms.citation", "We, 2020", {"record_source": 1, "write_report": 1}),
        ("embedding.classes", ["COVID-19"], AFTER_FEATURES),
        ("embedding.perplexities", [5, 10, 25, 45], {**added(1), **SIMULATED}),
        ("embedding.seeds", [0, 1], added(2)),
        ("embedding.gradient", "barnes-hut", added(2)),
    ],
)
def test_a_changed_value_reruns_what_uses_it_and_what_follows(finished, path, value, expected):
    assert finished.planned(changed(path, value)) == expected


def test_two_values_swapped_between_keys_are_seen(copied):
    config = changed("clustering.min_clusters", 3)
    config["clustering"]["max_clusters"] = 5
    copied.write_config(config)
    copied.snakemake()
    config["clustering"] |= {"min_clusters": 5, "max_clusters": 5}
    assert copied.planned(config) == {**AFTER_GRID, **SIMULATED}
    config["clustering"] |= {"min_clusters": 3, "max_clusters": 5}
    config["cohort"]["splits"] = {"validation": 0.2, "test": 0.15}
    assert copied.planned(config) == ALL


def test_reordered_keys_change_nothing(finished):
    def backwards(value):
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return value

    assert finished.planned(backwards(TINY)) == {}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("clustering/dbscan.py", {**AFTER_MAPS, **SIMULATED}),
        ("clustering/ranking.py", AFTER_GRID),
        ("embedding/tsne_exact.py", AFTER_FEATURES),
        ("evidence/null_models.py", {**SIMULATED, **ASSESSED}),
        ("evidence/verdict.py", {**ASSESSED, **PAGES}),
        ("figures/network.py", {"draw_training": 1, "write_report": 1}),
        ("report/css/report.css", PAGES),
        ("report/js/map.js", PAGES),
        ("evaluation/network.py", EVALUATED),
        ("images/quality.py", INSPECTED),
        ("sources/ieee8023.py", READ),
        ("images/gathering.py", ALL),
        ("training/learner.py", RETRAINED),
        ("similarity/retrieval.py", MEASURED_NEIGHBOURS),
        ("similarity/sheets.py", {"draw_sheets": 1, "write_report": 1}),
        ("similarity/query.py", {}),
        ("inference/predict.py", {}),
        ("config/base.py", {}),
    ],
)
def test_an_edited_module_reruns_exactly_its_users(copied, module, expected):
    with (copied.path / "workflow/scripts/cxr" / module).open("a") as stream:
        stream.write(
            "\n/* edited */\n" if module.endswith((".css", ".js")) else "\nEDITED = True\n"
        )
    assert copied.planned() == expected


def test_a_changed_constant_reruns_its_users(copied):
    module = copied.path / "workflow/scripts/cxr/explorer/thumbnails.py"
    text = module.read_text()
    assert "\nQUALITY = 70\n" in text
    module.write_text(text.replace("\nQUALITY = 70\n", "\nQUALITY = 71\n"))
    assert copied.planned() == {**PICTURED, "pack_explorer": 1, "write_report": 1}


def test_comments_docstrings_and_layout_rerun_nothing(copied):
    for path in (copied.path / "workflow/scripts").rglob("*.py"):
        tree = ast.parse(path.read_text())
        tree.body[0].value.value += " Corrected."
        path.write_text(f"# A comment.\n{ast.unparse(tree)}\n")
    assert copied.planned() == {}


def test_a_touched_script_and_a_fresh_clone_rerun_nothing(copied):
    later = time.time() + 60
    for path in (copied.path / "workflow").rglob("*"):
        os.utime(path, (later, later))
    assert copied.planned() == {}


def test_an_input_touched_without_a_change_reruns_nothing(copied):
    later = time.time() + 60
    for name in ("rejected.csv", "images.npy", "models/conv5/model.safetensors"):
        os.utime(copied.path / "results/tiny" / name, (later, later))
    assert copied.planned() == {}


def test_a_mirror_that_holds_no_source_of_the_study_changes_nothing(finished):
    assert finished.planned(None, "--config", "mirror=config") == {}


def test_a_source_is_obtained_again_where_it_changed_not_where_its_mirror_did(tmp_path):
    place = workspace(tmp_path / "run")
    for folder in ("mirror/upstream", "ours"):
        (place.path / folder).mkdir(parents=True)
        (place.path / folder / "metadata.csv").write_text("filename\n")
    source = {"kind": "git", "reader": "ieee8023", "url": "nowhere", "folder": "upstream"}
    ours = {"kind": "directory", "reader": "ieee8023", "path": "ours"}
    config = changed("sources", {"published": source | {"commit": "0" * 40}, "ours": ours})
    place.write_config(config)
    place.snakemake("--until", "download", "--config", "mirror=mirror")
    assert place.planned(None, "--until", "download") == {}
    config["sources"]["published"]["commit"] = "1" * 40
    assert place.planned(config, "--until", "download") == {"download": 1}
    (place.path / "ours" / "one.png").touch()
    assert place.planned(config, "--until", "download") == {"download": 2}


def test_a_caption_of_snakemakes_report_reruns_nothing(copied):
    (copied.path / "workflow/report/clusters.rst").write_text("Other words.\n")
    assert copied.planned() == {}


def test_a_rule_can_be_forced_alone_with_what_follows(finished):
    assert finished.planned(None, "--forcerun", "sweep") == SWEPT


def test_a_dry_run_ends_with_a_plan(finished):
    finished.write_config(changed("clustering.eps", [0.3, 0.6]), "planned.yaml")
    shown = finished.snakemake("--dry-run", config="planned.yaml").stderr
    plan = shown[shown.index("Plan of tiny:") :].splitlines()
    assert re.fullmatch(
        r"  maps and clusters +[0-9]+ jobs +about .+ +up to .+ GB +16 cells", plan[2]
    )
    assert re.fullmatch(r"19 jobs, about [0-9]+.* on 2 cores", plan[-1])
    assert "everything is up to date" in finished.snakemake("--dry-run").stderr


def test_a_deleted_result_is_made_again_with_what_follows(copied):
    (copied.path / "results/tiny/ranking/conv5.parquet").unlink()
    assert copied.planned() == AFTER_GRID
    (copied.path / "results/tiny/features/conv5.parquet").unlink()
    again = {"export_features": 1, "review": 1, **SIMILAR, **AFTER_FEATURES, "search_nulls": 1}
    assert copied.planned() == again | {"show_table": 6}


def test_a_deleted_chunk_is_made_again_and_what_follows(copied):
    (copied.path / "results/tiny/grid/conv5/pca.parquet").unlink()
    assert copied.planned() == {"sweep": 1, **AFTER_GRID}


def test_single_rules_can_be_asked_for(finished):
    everything = finished.planned(None, "--forcerun", "download", "--until", "export_features")
    assert set(everything) == {
        "download",
        "read_sources",
        "inspect_images",
        "clean_metadata",
        "assemble_cohort",
        "train",
        "export_features",
    }


def test_a_large_study_is_planned_quickly(finished):
    config = changed("embedding.perplexities", {"start": 1, "stop": 200})
    config["embedding"]["seeds"] = list(range(20))
    finished.write_config(config, "large.yaml")
    done = finished.snakemake("--dry-run", "--quiet", "rules", config="large.yaml")
    assert done.cpu_seconds < 15
    assert re.search(r"^embed +200$", done.stdout + done.stderr, re.MULTILINE)


def test_another_study_shares_the_sources(finished):
    planned = finished.planned(changed("study", "other"))
    assert "download" not in planned
    assert planned["clean_metadata"] == 1
