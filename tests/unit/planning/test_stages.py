"""What a config makes of the workflow: its stages, and what their jobs are named by."""

import pytest

from cxr.config.resolve import resolve
from cxr.planning.stages import study_stages
from tests.helpers.study import TINY

TABLE = {"study": "tiny", "features": {"from_file": "table.parquet"}}


def stages(**changes):
    return study_stages(resolve(TINY | changes))


def test_a_study_of_images_has_the_stages_of_its_sections():
    found = stages()
    assert found.has_images
    assert found.has_evidence
    assert found.has_similarity
    assert not found.has_analysis
    assert not found.has_tags
    assert found.models == ["conv5"]
    assert found.controls == found.baselines == ["pixels"]
    assert list(found.protocols) == ["random-r1f1"]
    assert list(found.null_chunks) == [
        "features.gaussian.0001-0019",
        "pixels.gaussian.0001-0019",
    ]


def test_lungs_are_found_in_radiographs_alone():
    controls = {"controls": ["pixels", "covered"]}
    found = stages(evidence=TINY["evidence"] | controls)
    assert found.has_lungs
    assert found.controls == ["pixels", "covered"]
    for modality, has_lungs in (("chest x-ray", True), ("CT", False)):
        cohort = TINY["cohort"] | {"modality": modality}
        found = stages(cohort=cohort, evidence=TINY["evidence"] | controls)
        assert found.has_lungs == has_lungs
        assert ("covered" in found.controls) == has_lungs
    assert not study_stages(resolve(TABLE)).has_lungs


def test_external_sources_are_apart_and_no_protocol_trains_on_them():
    sources = {name: {"kind": "synthetic"} for name in ("here", "there", "elsewhere")}
    found = stages(sources=sources, evaluation={"external": ["elsewhere"]})
    assert found.has_external
    assert (found.sources, found.external) == (["here", "there"], ["elsewhere"])
    assert list(found.protocols) == ["random-r1f1", "without-here", "without-there"]
    assert not stages().has_external
    assert found.has_external_baselines
    without = stages(sources=sources, evaluation={"external": ["there"], "baselines": False})
    assert without.has_external
    assert not without.has_external_baselines


def test_images_are_inspected_in_chunks_where_there_are_images():
    assert stages().inspected_chunks == ["0001"]
    found = stages(cohort=TINY["cohort"] | {"chunks": 3})
    assert found.inspected_chunks == ["0001", "0002", "0003"]
    assert study_stages(resolve(TABLE)).inspected_chunks == []


def test_text_is_searched_for_in_chunks_where_the_cohort_wants_it():
    assert not stages().has_text
    assert stages().text_chunks == []
    found = stages(cohort=TINY["cohort"] | {"text": {"chunks": 3}, "hide_text": True})
    assert found.has_text
    assert found.hides_text
    assert found.text_chunks == ["0001", "0002", "0003"]
    assert not stages(cohort=TINY["cohort"] | {"text": {}}).hides_text


def test_sections_that_are_left_out_have_no_jobs():
    found = stages(evidence=None, similarity=None)
    assert not found.has_evidence
    assert not found.has_similarity
    assert found.controls == found.baselines == found.folds == found.training_seeds == []
    assert found.null_chunks == found.backbones == {}


ENCODERS = {"enc": {"library": "timm", "path": "folder", "chunks": 2}}


def test_encoders_are_models_beside_the_networks():
    controls = ["pixels", "untrained", "covered"]
    found = stages(encoders=ENCODERS, evidence=TINY["evidence"] | {"controls": controls})
    assert found.has_networks
    assert found.has_encoders
    assert (found.networks, found.encoders) == (["conv5"], ["enc"])
    assert found.models == ["conv5", "enc"]
    assert found.encoder_chunks == {"enc": ["0001", "0002"]}
    assert found.controls_of("conv5") == controls
    assert found.controls_of("enc") == ["pixels"]
    subjects = {name.split(".")[0] for name in found.null_chunks_of("enc")}
    assert subjects == {"features", "pixels"}
    assert set(found.null_chunks_of("conv5")) == set(found.null_chunks)
    assert (found.space_of("conv5"), found.space_of("enc")) == ("trained", "encoder")


def test_encoders_alone_leave_out_what_a_network_is_needed_for():
    without = {key: value for key, value in TINY.items() if key != "models"}
    similarity = {"folds": 2, "baselines": ["pixels", "untrained", "imagenet"]}
    evidence = TINY["evidence"] | {"controls": ["pixels", "untrained"], "training_seeds": [1, 2]}
    found = study_stages(
        resolve(
            without
            | {"encoders": ENCODERS, "evidence": evidence}
            | {"similarity": similarity | {"backbone": "resnet18"}}
        )
    )
    assert found.has_images
    assert not found.has_networks
    assert found.models == ["enc"]
    assert found.controls == found.baselines == ["pixels"]
    assert found.training_seeds == found.folds == []
    assert found.backbones == {"enc": "resnet18"}
    assert not stages().has_encoders


def test_representations_are_compared_where_there_are_any():
    assert stages().has_representations
    assert not stages(evaluation={"representations": False}).has_representations
    nothing = {"evidence": None, "similarity": None}
    assert not stages(**nothing).has_representations
    assert stages(**nothing, encoders=ENCODERS).has_representations
    assert not study_stages(resolve(TABLE)).has_representations


def test_features_from_a_table_need_no_network():
    found = study_stages(resolve(TABLE))
    assert not found.has_images
    assert found.models == ["external"]
    assert found.space_of("external") == "external"
    assert found.controls == found.baselines == found.training_seeds == []
    assert {chunk["subject"] for chunk in found.null_chunks.values()} == {"features"}


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [("pca", 1), ("s0_p001-020", 2), ("s0_p021-040", 1), (None, 0)],
)
def test_a_chunk_holds_every_perplexity_with_every_seed(chunk, expected):
    found = stages()
    assert found.all_chunks == ["pca", "s0_p001-020", "s0_p021-040"]
    assert found.n_maps(chunk) == expected
    assert found.largest_chunk == 2


def test_a_grid_has_a_cell_for_each_pair_of_parameters():
    clustering = {
        "eps": [0.1, 0.2],
        "min_samples": [3, 4, 5],
        "hdbscan": {"min_cluster_size": [5], "min_samples": [5, 10]},
    }
    assert stages(clustering=clustering).cells == {"sweep": 6, "sweep_hdbscan": 2}
    assert stages(clustering=clustering | {"hdbscan": None}).cells == {"sweep": 6}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"space": "backbone", "backbone": "resnet18"}, {"conv5": "resnet18"}),
        ({"baselines": ["imagenet"]}, {}),
        ({"baselines": ["pixels"], "backbone": "resnet18"}, {}),
    ],
)
def test_a_backbone_is_compared_where_the_config_wants_one(changes, expected):
    assert stages(similarity={"folds": None, **changes}).backbones == expected
