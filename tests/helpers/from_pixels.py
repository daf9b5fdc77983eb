"""From the pixels of a study to its verdict, in one process.

    python -m tests.helpers.from_pixels CONFIG RESULTS PRECISION THREADS

Everything that depends on how the sums of a network are rounded, from the training on, with the
null model that decides and without controls: the verdict depends on no other. Prints it as JSON.
"""

import json
import sys
import tempfile
from pathlib import Path

import pandas as pd
import torch
import yaml

from cxr.clustering.cells import CellSettings, StudyCells
from cxr.clustering.grid import (
    DbscanSettings,
    HdbscanSettings,
    label_map,
    sweep_dbscan,
    sweep_hdbscan,
)
from cxr.clustering.ranking import RankingSettings, choose_map, rank
from cxr.cohort.splits import independent_patients
from cxr.config.catalogue.null_models import PRIMARY
from cxr.config.resolve import resolve
from cxr.core.allocation import keep_freed_memory
from cxr.core.io import read_array, read_table
from cxr.core.settings import typed
from cxr.embedding.knn import find_neighbours, select_features
from cxr.embedding.tsne import EmbeddingSettings, embed_runs, map_table
from cxr.evidence.assess import AssessmentSettings, StudyRecords, assess
from cxr.evidence.covariates import mean_intensity, recorded_fields
from cxr.evidence.null_search import NullSettings, search_simulations
from cxr.evidence.resampling import ResamplingSettings, repeat_searches
from cxr.evidence.sample import Sample
from cxr.features.retrained import retrained_features
from cxr.planning.chunks import neighbour_reach
from cxr.synthetic.truth import planted_groups
from cxr.training.run import TrainingRun

CHOICE = ("choose", "max_clusters", "max_perplexity_share", "min_clusters")
CELLS = ("eps", "min_samples")
TSNE = ("device", "gradient", "initialization")


class Study:
    """A study's resolved config and the tables of its prepared images."""

    def __init__(self, config, results):
        self.config, self.results = config, results
        folder = results / config["study"]
        self.cohort = read_table(folder / "cohort.parquet")
        self.metadata = read_table(folder / "metadata.parquet")
        self.images = read_array(folder / "images.npy")
        clustering, embedding, evidence = (
            config[name] for name in ("clustering", "embedding", "evidence")
        )
        self.choice = {name: clustering[name] for name in CHOICE}
        self.cells = {name: clustering[name] for name in CELLS}
        self.voters = {"max_outliers": clustering["max_outliers"]}
        grid = {
            **self.choice,
            **self.cells,
            **self.voters,
            "perplexities": embedding["perplexities"],
        }
        grid |= {name: embedding[name] for name in ("device", "initialization")}
        self.sampled_search = {
            "sample": {
                "classes": embedding["classes"],
                "max_images": evidence["sample"],
                "samples": evidence["samples"],
                "seed": config["seed"],
            },
            "search": {"grid": grid, "n_perplexities": evidence["perplexities"]},
            "seed": config["seed"],
        }
        limits = evidence["thresholds"]
        self.minimum = {name: limits[name] for name in ("min_images", "min_patients")}

    def features(self):
        """The features of all images by a network that is trained here."""
        config = self.config
        settings = {
            "classes": list(config["cohort"]["classes"]),
            "model": config["models"]["conv5"],
        }
        run = typed(TrainingRun, settings | {"seed": config["seed"], "device": "cpu"})
        torch.set_num_threads(run.model.training.threads)
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Path(folder) / "checkpoint.pt"
            return retrained_features(run, self.cohort, self.images, None, checkpoint, "")

    def maps(self, features):
        """The maps of the study by t-SNE and by PCA."""
        embedding = self.config["embedding"]
        image_ids, values = select_features(features, embedding["classes"])
        neighbours = find_neighbours(
            image_ids, values, neighbour_reach(embedding["perplexities"]), 1
        )
        settings = {"perplexities": embedding["perplexities"], "seeds": embedding["seeds"]}
        settings |= {"tsne": {name: embedding[name] for name in TSNE}}
        wanted = typed(EmbeddingSettings, settings)
        pca = map_table(image_ids, "pca", neighbours.pca)
        return [pca, embed_runs(neighbours, wanted.runs, wanted.tsne, 1)]

    def clusters(self, maps):
        """The ranking of the grid, and the selected clusters."""
        embeddings = pd.concat([table.to_pandas() for table in maps])
        by_density = typed(HdbscanSettings, self.config["clustering"]["hdbscan"])
        grid = [sweep_dbscan(table, typed(DbscanSettings, self.cells)) for table in maps]
        grid += [sweep_hdbscan(table, by_density) for table in maps]
        cells = StudyCells(
            embeddings, typed(CellSettings, {**self.choice, **self.cells, **self.voters})
        )
        ranking = rank(
            pd.concat([table.to_pandas() for table in grid]),
            embeddings["image_id"].nunique(),
            typed(RankingSettings, self.choice),
            cells.statistics(),
        )
        return embeddings, ranking, label_map(*choose_map(embeddings, ranking, "tsne"))

    def evidence(self, features):
        """The evidence document on the clusters of features."""
        evidence, search = self.config["evidence"], self.sampled_search
        embeddings, ranking, clusters = self.clusters(self.maps(features))
        assessment = {name: evidence[name] for name in ("permutations", "splits", "thresholds")}
        settings = typed(
            AssessmentSettings, {**search, **assessment, "controls": [], "within": None}
        )
        whole = Sample.of(features, self.cohort, settings.sample)
        null = {"subject": "features", "null": PRIMARY, "first": 1, "last": evidence["replicates"]}
        nulls = typed(NullSettings, {**search, **null, "minimum": self.minimum, "within": None})
        repeated = {**search, "minimum": self.minimum, "resamples": evidence["resamples"]}
        repeats = repeat_searches(whole, [], ranking, typed(ResamplingSettings, repeated), clusters)
        records = StudyRecords(
            clusters=clusters,
            ranking=ranking,
            embeddings=embeddings,
            fields=recorded_fields(
                self.metadata, self.cohort, mean_intensity(self.cohort, self.images)
            ),
            patients=independent_patients(self.cohort),
            simulations=search_simulations(whole, nulls),
            repeats=repeats,
            controls={},
            planted=planted_groups(
                [self.results / "sources" / name for name in self.config["sources"]], self.metadata
            ),
        )
        return assess(whole, records, settings, 1).document


def main(config, results, precision, threads):
    """Prints a study's verdict, and how far its clusters are the planted groups."""
    keep_freed_memory()
    raw = yaml.safe_load(Path(config).read_text())
    raw["models"]["conv5"]["training"] |= {"precision": precision, "threads": int(threads)}
    study = Study(resolve(raw), Path(results))
    document = study.evidence(study.features())
    print(json.dumps({**document["verdict"], "planted": document["planted"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
