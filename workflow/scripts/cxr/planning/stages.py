"""The stages that a study has, and what their jobs are numbered and named by."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from cxr.config.catalogue.controls import CONTROLS, IMAGENET
from cxr.config.catalogue.projections import RADIOGRAPH, find_modality
from cxr.planning.chunks import SIMULATIONS, SIMULATIONS_ON_GPU, chunks, null_chunks
from cxr.planning.parts import ProtocolSettings, protocol_parts

# The chunk that holds the map by PCA alone.
PCA = "pca"


@dataclass(frozen=True)
class StudyStages:
    """What a study's config makes of the workflow.

    Attributes
    ----------
    has_images : bool
        Whether features are learned from images; else they come from a table.
    has_tags, has_analysis, has_evidence, has_similarity : bool
        Whether the study has tags beside its classes, and these stages.
    has_text, hides_text : bool
        Whether burned-in text is searched for, and painted over.
    text_chunks : list of str
        The parts of the images that it is searched for in.
    has_lungs : bool
        Whether lungs are found in the images: in radiographs alone.
    has_external, has_external_baselines : bool
        Whether networks are validated on external sources, and baselines too.
    sources, external : list of str
        The sources of the cohort, and those that the networks are validated on alone.
    models : list of str
        The networks, or the one name of external features.
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
    has_tags: bool
    has_analysis: bool
    has_lungs: bool
    has_external: bool
    has_external_baselines: bool
    has_evidence: bool
    has_similarity: bool
    has_text: bool
    hides_text: bool
    text_chunks: list[str]
    sources: list[str]
    external: list[str]
    models: list[str]
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
    def all_chunks(self) -> list[str]:
        """Names of the chunks of maps, that of PCA first."""
        return [PCA, *self.chunks]

    @property
    def largest_chunk(self) -> int:
        """Maps in the largest chunk."""
        return max(map(self.n_maps, self.chunks))

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
    controls: list[str] = []
    training_seeds: list[int] = []
    folds: list[str] = []
    baselines: list[str] = []
    backbones: dict[str, str] = {}
    if has_images and evidence is not None:
        training_seeds = list(evidence["training_seeds"])
        controls = [c for c in evidence["controls"] if has_lungs or not CONTROLS[c].covers_lungs]
    if has_images and similarity is not None:
        folds = [str(fold + 1) for fold in range(similarity["folds"] or 0)]
        baselines = [name for name in similarity["baselines"] if name != IMAGENET]
        backbones = _backbones(similarity, study["models"])
    external = list(study["evaluation"]["external"])
    sources = [name for name in study["sources"] if name not in external]
    protocols = ProtocolSettings(
        **{field.name: study["evaluation"][field.name] for field in fields(ProtocolSettings)}
    )
    return StudyStages(
        has_images=has_images,
        has_tags=has_images and study["cohort"]["tags"] is not None,
        has_analysis=has_images and study["analysis"] is not None,
        has_lungs=has_lungs,
        has_external=bool(external),
        has_external_baselines=bool(external) and study["evaluation"]["baselines"],
        has_evidence=evidence is not None,
        has_similarity=similarity is not None,
        has_text=text is not None,
        hides_text=has_images and study["cohort"]["hide_text"],
        text_chunks=[f"{i + 1:04d}" for i in range(text["chunks"] if text else 0)],
        sources=sources,
        external=external,
        models=list(study["models"]) if has_images else [study["features"]["name"]],
        protocols=protocol_parts(protocols, sources),
        chunks=chunks(
            embedding["perplexities"],
            embedding["seeds"],
            embedding["chunk"]["perplexities"],
            embedding["chunk"]["seeds"],
        ),
        controls=controls,
        null_chunks=(
            {}
            if evidence is None
            else null_chunks(
                evidence["nulls"],
                controls,
                evidence["replicates"],
                SIMULATIONS_ON_GPU if embedding["device"] == "gpu" else SIMULATIONS,
            )
        ),
        training_seeds=training_seeds,
        folds=folds,
        baselines=baselines,
        backbones=backbones,
        cells=_cells(study["clustering"]),
    )


def _backbones(
    similarity: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """The backbone with ImageNet weights that is searched beside each model, where there is one."""
    if similarity["space"] != "backbone" and IMAGENET not in similarity["baselines"]:
        return {}
    named = {
        name: similarity["backbone"]
        or (model["architecture"] if model["weights"] == "imagenet" else None)
        for name, model in models.items()
    }
    return {name: backbone for name, backbone in named.items() if backbone}


def _cells(clustering: Mapping[str, Any]) -> dict[str, int]:
    """Cells of the grid of one map, by the rule that makes them."""
    cells = {"sweep": len(clustering["eps"]) * len(clustering["min_samples"])}
    hdbscan = clustering["hdbscan"]
    if hdbscan is not None:
        cells["sweep_hdbscan"] = len(hdbscan["min_cluster_size"]) * len(hdbscan["min_samples"])
    return cells
