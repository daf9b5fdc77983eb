"""A study's config: its sections, and the checks across them.

Units are in the descriptions.
"""

from typing import Literal

from pydantic import Field, model_validator

from cxr.config.analysis import Analysis
from cxr.config.base import Location, Name, Section, Seed
from cxr.config.catalogue.fields import LEVELS, MATCHED, NUMBERS, TEXTS, text_fields
from cxr.config.clustering import Clustering
from cxr.config.cohort import Cohort
from cxr.config.embedding import Embedding
from cxr.config.encoders import Encoder
from cxr.config.evaluation import Evaluation
from cxr.config.evidence import Evidence
from cxr.config.features import Features
from cxr.config.fields import fields_of, unknown_field, unlike_spellings
from cxr.config.networks import Model
from cxr.config.report import Report
from cxr.config.similarity import Similarity
from cxr.config.sources import PresetSource, Source

# Folders under results/ and results/sources/ that are not a study's or a source's.
RESERVED = {
    "study": ("sources", "weights", "runtime"),
    "sources": ("logs", "benchmarks", "receipts"),
}


class Config(Section):
    """One study."""

    study: Name = Field(description="Name of the study and of its folder under results/.")
    seed: Seed = Field(default=2020, description="Seed of sampling, splits and training.")
    quick: bool = Field(
        default=False,
        description="A first look in minutes: at most 60 images a class, few epochs, maps and "
        "simulations. Its results lie in `results/<study>-quick`.",
    )
    mirror: Location | None = Field(
        default=None,
        description="Folder that already holds the sources under their upstream folder names; "
        "nothing is then downloaded.",
    )
    sources: dict[Name, Source] = Field(
        default_factory=dict, description="Data sources by name, at least one."
    )
    cohort: Cohort | None = Field(
        default=None,
        description="Filters, balancing, splits and cached pixels; required with `sources`.",
    )
    models: dict[Name, Model] = Field(
        default_factory=dict,
        description="Networks by name, which are trained here. With `sources` at least one, of "
        "these or of `encoders`.",
    )
    encoders: dict[Name, Encoder] = Field(
        default_factory=dict,
        description="Encoders by name, which others trained, such as RAD-DINO: their features of "
        "the original files are mapped, clustered and compared like those of `models`. No name is "
        "in both.",
    )
    features: Features | None = Field(
        default=None,
        description="External features, for example embeddings of a foundation model, in place of "
        "`sources`, `cohort`, `models` and `encoders`.",
    )
    device: Literal["auto", "cpu", "gpu"] = Field(
        default="auto",
        description="Where networks are trained and compute features: `auto` is a GPU with "
        "bfloat16 and 2 GiB of free memory, else the processors; `gpu` does without bfloat16. "
        "The log says what was chosen and why. For the maps see `embedding.device`.",
    )
    evaluation: Evaluation = Field(
        default_factory=Evaluation, description="How the networks are evaluated."
    )
    analysis: Analysis | None = Field(
        default=None, description="An analysis of the metadata alone; null for none."
    )
    embedding: Embedding = Field(default_factory=Embedding, description="The t-SNE maps.")
    clustering: Clustering = Field(
        default_factory=Clustering, description="The parameter grids of the clusterings."
    )
    evidence: Evidence | None = Field(
        default_factory=Evidence,
        description="How the clusters are assessed; null for no verdict.",
    )
    similarity: Similarity | None = Field(
        default_factory=Similarity,
        description="The most similar images of each image; null for none.",
    )
    report: Report = Field(default_factory=Report, description="Texts of the report.")
    images: Location | None = Field(
        default=None, description="Folder of new images for `snakemake predict`."
    )
    model: Name | None = Field(
        default=None,
        description="The network of `snakemake predict`, and the network or encoder of `snakemake "
        "similar`; null for the first of `models`, and of `similar` for all `encoders` too.",
    )
    query: Location | None = Field(default=None, description="New image for `snakemake similar`.")

    @model_validator(mode="after")
    def _names_are_free(self) -> "Config":
        if self.study in RESERVED["study"]:
            raise ValueError(f"study can't be '{self.study}', which is a folder of its own")
        for name in self.sources:
            if name in RESERVED["sources"]:
                raise ValueError(f"sources.{name} can't have this name; it is a folder of its own")
        return self

    @model_validator(mode="after")
    def _features_come_from_one_place(self) -> "Config":
        for key in ("sources", "cohort", "models", "encoders"):
            present = bool(getattr(self, key))
            if present and self.features is not None:
                raise ValueError(f"{key} can't stand beside features; leave one of them out")
            if key in ("models", "encoders"):
                present = bool(self.models or self.encoders)
            if not present and self.features is None:
                raise ValueError(f"{key} is missing; see docs/reference/config.md for every key")
        for name in self.encoders:
            if name in self.models:
                raise ValueError(f"encoders.{name} has the name of a model; take another one")
        return self

    @model_validator(mode="after")
    def _every_model_has_a_backbone(self) -> "Config":
        search = self.similarity
        if search is None or search.space != "backbone" or search.backbone is not None:
            return self
        for name, net in self.models.items():
            if net.weights != "imagenet":
                raise ValueError(
                    f"similarity.space is 'backbone', but '{name}' has no ImageNet weights; name "
                    f"one as similarity.backbone"
                )
        return self

    @model_validator(mode="after")
    def _references_exist(self) -> "Config":
        if self.cohort is None:
            return self
        for name, cohort_class in self.cohort.classes.items():
            for source in cohort_class.sources or []:
                if source not in self.sources:
                    raise ValueError(
                        f"cohort.classes.{name}.sources names '{source}', which is not in sources"
                    )
        if isinstance(self.cohort.per_class, dict):
            different = set(self.cohort.per_class) ^ set(self.cohort.classes)
            if different:
                raise ValueError(
                    f"cohort.per_class as a mapping has to name every class and nothing else; "
                    f"look at {', '.join(sorted(different))}"
                )
        for name in self.embedding.classes or []:
            if name not in self.cohort.classes:
                raise ValueError(
                    f"embedding.classes names '{name}', which is not in cohort.classes"
                )
        if self.model is not None and self.model not in {**self.models, **self.encoders}:
            raise ValueError(f"model names '{self.model}', which is not in models or encoders")
        return self

    @model_validator(mode="after")
    def _external_sources_train_nothing(self) -> "Config":
        external = self.evaluation.external
        for name in external:
            if name not in self.sources:
                raise ValueError(f"evaluation.external names '{name}', which is not in sources")
            for key, rule in self.cohort.classes.items() if self.cohort else ():
                if name in (rule.sources or []):
                    raise ValueError(
                        f"evaluation.external names '{name}', which cohort.classes.{key}.sources "
                        f"trains on; leave it out of one of them"
                    )
        if external and set(external) == set(self.sources):
            raise ValueError("evaluation.external names every source; none is left to train on")
        return self

    @model_validator(mode="after")
    def _fields_are_recorded(self) -> "Config":
        if any(isinstance(source, PresetSource) for source in self.sources.values()):
            return self  # what it stands for is checked
        training = [s for name, s in self.sources.items() if name not in self.evaluation.external]
        own = sorted({name for source in training for name in fields_of(source)})
        if self.cohort is not None and self.cohort.text is not None:
            own += text_fields(self.cohort.text.words)
        named: list[tuple[str, str, tuple[str, ...]]] = []
        if self.cohort is not None and self.cohort.tags is not None:
            named += [("cohort.tags.fields", name, TEXTS) for name in self.cohort.tags.fields]
        if self.cohort is not None and self.cohort.match:
            named += [("cohort.match", name, MATCHED) for name in self.cohort.match]
        if self.analysis is not None:
            named += [("analysis.target", self.analysis.target, TEXTS)]
            shared = (*TEXTS, *NUMBERS)
            named += [("analysis.predictors", name, shared) for name in self.analysis.predictors]
        if self.evidence is not None and self.evidence.within and not self.features:
            named += [("evidence.within", self.evidence.within, LEVELS)]
        problems = [unlike_spellings(self.sources), *(unknown_field(*n, own) for n in named)]
        for problem in filter(None, problems):
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _fields_are_consistent(self) -> "Config":
        if self.analysis is not None and self.analysis.target in self.analysis.predictors:
            raise ValueError("analysis.predictors names the target; leave it out")
        if self.analysis is not None and self.cohort is None:
            raise ValueError("analysis needs metadata, which external features have none of")
        if self.evaluation.published is not None and not (self.cohort and self.cohort.tags):
            raise ValueError("evaluation.published holds metrics of tags; give cohort.tags")
        return self
