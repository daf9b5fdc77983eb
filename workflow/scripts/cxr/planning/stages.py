"""The stages that a study has, and what their jobs are numbered and named by."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from cxr.config.catalogue.controls import CONTROLS, IMAGENET
from cxr.config.catalogue.projections import RADIOGRAPH, find_modality
from cxr.planning.chunks import SIMULATIONS, SIMULATIONS_ON_GPU, chunks, null_chunks
from cxr.planning.parts import ProtocolSettings, protocol_parts

# Where features are from: a network trained here, an encoder that others trained, a table.
TRAINED, ENCODER, EXTERNAL = "trained", "encoder", "external"
# The chunk that holds the map by PCA alone.
PCA = "pca"


@dataclass(frozen=True)
class StudyStages:
    """What a study's config makes of the workflow.

    Attributes
    ----------
    has_images : bool
        Whether features are computed from images; else they come from a table.
    has_networks, has_encoders : bool
        Whether networks are trained, and whether there are encoders of others.
    compares : bool
        Whether representations are compared where there are any.
    has_tags, has_analysis, has_evidence, has_similarity : bool
        Whether the study has tags beside its classes, and these stages.
    inspected_chunks : list of str
        The parts of the images that are decoded, a job each.
    has_text, hides_text : bool
        Whether burned-in text is searched for, and painted over.
    text_chunks : list of str
        The parts of the images that it is searched for in.
    has_lungs : bool
        Whether lungs are found in the images: in radiographs alone.
    has_external, has_external_baselines : bool
        Whether there are external sources to validate on, and baselines are validated too.
    sources, external : list of str
        The sources of the cohort, and those that are validated on alone.
    networks, encoders : list of str
        The networks that are trained, and the encoders.
    models : list of str
        All that have features: networks, then encoders, or the one name of external features.
    encoder_chunks : dict of list of str
        By encoder, the parts of the images that it encodes.
    protocols : dict of str to str
        The protocol of each part that networks are evaluated on.
    chunks : dict
        By name, the perplexities and seeds of a chunk of t-SNE maps.
    controls : list of str
        Control features of the evidence.
    null_chunks : dict
        By name, what a chunk of null simulations simulates.
    training_seeds : list of int
        Seeds that each network is trained with again for the evidence.
    folds, baselines : list of str
        Patient folds and baseline features of the similarity stage.
    backbones : dict of str to str
        The backbone with ImageNet weights that is compared with each model.
    cells : dict of str to int
        Cells of the grid of one map, by the rule that makes them.
    """

    has_images: bool
    has_networks: bool
    has_encoders: bool
    compares: bool
    has_tags: bool
    has_analysis: bool
    has_lungs: bool
    has_external: bool
    has_external_baselines: bool
    has_evidence: bool
    has_similarity: bool
    inspected_chunks: list[str]
    has_text: bool
    hides_text: bool
    text_chunks: list[str]
    sources: list[str]
    external: list[str]
    networks: list[str]
    encoders: list[str]
    models: list[str]
    encoder_chunks: dict[str, list[str]]
    protocols: dict[str, str]
    chunks: dict[str, dict[str, Any]]
    controls: list[str]
    null_chunks: dict[str, dict[str, Any]]
    training_seeds: list[int]
    folds: list[str]
    baselines: list[str]
    backbones: dict[str, str]
    cells: dict[str, int]

    @property
    def has_representations(self) -> bool:
        """Whether representations of the images are compared: encoders, or at least two."""
        beside = len(self.models) > 1 or self.backbones or self.controls or self.baselines
        return self.has_images and self.compares and bool(self.has_encoders or beside)

    @property
    def all_chunks(self) -> list[str]:
        """Names of the chunks of maps, that of PCA first."""
        return [PCA, *self.chunks]

    @cached_property
    def largest_chunk(self) -> int:
        """Maps in the largest chunk."""
        return max(map(self.n_maps, self.chunks))

    def controls_of(self, model: str) -> list[str]:
        """The control features of a model; an encoder has those that need no network."""
        return self._without_networks(self.controls, model)

    def baselines_of(self, model: str) -> list[str]:
        """The baseline features of a model, of the similarity stage."""
        return self._without_networks(self.baselines, model)

    def null_chunks_of(self, model: str) -> list[str]:
        """The chunks of null simulations of a model and of its controls."""
        subjects = {"features", *self.controls_of(model)}
        return [name for name, chunk in self.null_chunks.items() if chunk["subject"] in subjects]

    def space_of(self, model: str) -> str:
        """Where a model's features are from: trained here, an encoder, or a table."""
        if model in self.networks:
            return TRAINED
        return ENCODER if model in self.encoders else EXTERNAL

    def _without_networks(self, controls: list[str], model: str) -> list[str]:
        if model not in self.encoders:
            return controls
        return [name for name in controls if not CONTROLS[name].needs_network]

    def n_maps(self, chunk: str | None) -> int:
        """Maps in a chunk; 0 where a job has none."""
        if chunk == PCA:
            return 1
        values = self.chunks.get(chunk or "")
        return len(values["perplexities"]) * len(values["seeds"]) if values else 0


def study_stages(study: Mapping[str, Any]) -> StudyStages:
    """The stages of a study.

    Parameters
    ----------
    study : mapping
        The resolved config.
    """
    evidence, similarity, embedding = study["evidence"], study["similarity"], study["embedding"]
    has_images = study["features"] is None
    text = study["cohort"]["text"] if has_images else None
    has_lungs = has_images and find_modality(study["cohort"]["modality"]) == RADIOGRAPH
    networks, encoders = list(study["models"]), list(study["encoders"])
    assessed = _assessed(evidence if has_images else None, has_lungs, bool(networks))
    external = list(study["evaluation"]["external"])
    sources = [name for name in study["sources"] if name not in external]
    protocols = ProtocolSettings(
        **{field.name: study["evaluation"][field.name] for field in fields(ProtocolSettings)}
    )
    return StudyStages(
        has_images=has_images,
        has_networks=bool(networks),
        has_encoders=bool(encoders),
        compares=study["evaluation"]["representations"],
        has_tags=has_images and study["cohort"]["tags"] is not None,
        has_analysis=has_images and study["analysis"] is not None,
        has_lungs=has_lungs,
        has_external=bool(external),
        has_external_baselines=bool(external and networks) and study["evaluation"]["baselines"],
        has_evidence=evidence is not None,
        has_similarity=similarity is not None,
        has_text=text is not None,
        hides_text=has_images and study["cohort"]["hide_text"],
        inspected_chunks=_numbered(study["cohort"]["chunks"] if has_images else 0),
        text_chunks=_numbered(text["chunks"] if text else 0),
        sources=sources,
        external=external,
        networks=networks,
        encoders=encoders,
        models=[*networks, *encoders] if has_images else [study["features"]["name"]],
        encoder_chunks={
            name: _numbered(encoder["chunks"]) for name, encoder in study["encoders"].items()
        },
        protocols=protocol_parts(protocols, sources),
        chunks=chunks(
            embedding["perplexities"],
            embedding["seeds"],
            embedding["chunk"]["perplexities"],
            embedding["chunk"]["seeds"],
        ),
        null_chunks=_null_chunks(evidence, assessed["controls"], embedding["device"]),
        **assessed,
        **_searched(similarity if has_images else None, study["models"], encoders),
        cells=_cells(study["clustering"]),
    )


def _numbered(chunks: int) -> list[str]:
    """The names of so many chunks of images."""
    return [f"{i + 1:04d}" for i in range(chunks)]


def _assessed(
    evidence: Mapping[str, Any] | None, has_lungs: bool, has_networks: bool
) -> dict[str, Any]:
    """The controls and the further trainings of the evidence, where features are of images."""
    if evidence is None:
        return {"controls": [], "training_seeds": []}
    controls = [c for c in evidence["controls"] if has_lungs or not CONTROLS[c].covers_lungs]
    return {
        "controls": _possible(controls, has_networks),
        "training_seeds": list(evidence["training_seeds"]) if has_networks else [],
    }


def _searched(
    similarity: Mapping[str, Any] | None,
    models: Mapping[str, Mapping[str, Any]],
    encoders: list[str],
) -> dict[str, Any]:
    """What is searched for similar images beside the features, where these are of images."""
    if similarity is None:
        return {"folds": [], "baselines": [], "backbones": {}}
    baselines = [name for name in similarity["baselines"] if name != IMAGENET]
    return {
        "folds": [str(i + 1) for i in range(similarity["folds"] or 0)] if models else [],
        "baselines": _possible(baselines, bool(models)),
        "backbones": _backbones(similarity, models, encoders),
    }


def _possible(controls: list[str], has_networks: bool) -> list[str]:
    """The controls that a study can have: some are of a trained network."""
    return [c for c in controls if has_networks or not CONTROLS[c].needs_network]


def _null_chunks(
    evidence: Mapping[str, Any] | None, controls: list[str], device: str
) -> dict[str, Any]:
    """The jobs of null simulations."""
    if evidence is None:
        return {}
    simulations = SIMULATIONS_ON_GPU if device == "gpu" else SIMULATIONS
    return null_chunks(evidence["nulls"], controls, evidence["replicates"], simulations)


def _backbones(
    similarity: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]], encoders: list[str]
) -> dict[str, str]:
    """The backbone with ImageNet weights that is searched beside each model, where there is one."""
    if similarity["space"] != "backbone" and IMAGENET not in similarity["baselines"]:
        return {}
    named = {
        name: similarity["backbone"]
        or (model["architecture"] if model["weights"] == "imagenet" else None)
        for name, model in models.items()
    }
    named |= dict.fromkeys(encoders, similarity["backbone"])
    return {name: backbone for name, backbone in named.items() if backbone}


def _cells(clustering: Mapping[str, Any]) -> dict[str, int]:
    """Cells of the grid of one map, by the rule that makes them."""
    cells = {"sweep": len(clustering["eps"]) * len(clustering["min_samples"])}
    hdbscan = clustering["hdbscan"]
    if hdbscan is not None:
        cells["sweep_hdbscan"] = len(hdbscan["min_cluster_size"]) * len(hdbscan["min_samples"])
    return cells
