"""The study's config, and what the rules share."""

import math
import sys
from pathlib import Path

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
if str(SCRIPTS) not in sys.path:
    sys.path.insert(0, str(SCRIPTS))

from cxr.config.resolve import check_files, resolve
from cxr.core.errors import InputError
from cxr.core.fingerprint import fingerprint
from cxr.core.io import require_writable
from cxr.planning.settings import backbone_names, select_settings
from cxr.planning.chunks import chunks, null_chunks, neighbour_reach
from cxr.planning.parts import protocol_parts
from cxr.planning.folders import folder_signature
from cxr.planning.snapshot import current_snapshot, save_snapshot

# A job on a cluster reads this file hours after its run began, and keeps to what it began with.
BEGUN = current_snapshot()
try:
    STUDY = resolve(config) if BEGUN is None else BEGUN.study
    check_files(STUDY)
except InputError as problem:
    sys.exit(f"error: {problem}")

NAME = STUDY["study"]
SOURCES = list(STUDY["sources"])
LEARNED = STUDY["features"] is None
WEIGH = STUDY["evidence"] is not None
SIMILAR = STUDY["similarity"] is not None
ANALYSED = STUDY["analysis"] is not None
TAGGED = LEARNED and STUDY["cohort"]["tags"] is not None
MODELS = list(STUDY["models"]) if LEARNED else [STUDY["features"]["name"]]
PARTS = protocol_parts(STUDY["evaluation"], SOURCES)
CHUNKS = chunks(
    STUDY["embedding"]["perplexities"],
    STUDY["embedding"]["seeds"],
    STUDY["embedding"]["chunk"]["perplexities"],
    STUDY["embedding"]["chunk"]["seeds"],
)
CONTROLS, DRAWS = [], {}
if WEIGH:
    CONTROLS = STUDY["evidence"]["controls"] if LEARNED else []
    DRAWS = null_chunks(
        STUDY["evidence"]["nulls"], CONTROLS, STUDY["evidence"]["replicates"]
    )


FOLDS, BASELINES, BACKBONES = [], [], {}
if SIMILAR and LEARNED:
    FOLDS = [str(fold + 1) for fold in range(STUDY["similarity"]["folds"] or 0)]
    BASELINES = [b for b in STUDY["similarity"]["baselines"] if b != "imagenet"]
    BACKBONES = backbone_names(STUDY["similarity"], STUDY["models"])

# What is told the reader of a source, where a source is found, and words about it.
READING = ("reader", "table", "images", "columns", "constants")
PLACES = ("folder", "mirrors")
WORDS = ("licence", "citation")

CODE = {}  # the fingerprint of each script

# What the stages before the maps write, whichever they are.
COHORT = "results/{study}/cohort.parquet"
METADATA = "results/{study}/metadata.parquet"
FEATURES = "results/{study}/features/{model}.parquet"


wildcard_constraints:
    study=NAME,
    source="|".join(SOURCES) or "none",
    model="|".join(MODELS),
    chunk="|".join(["pca", *CHUNKS]),
    part="|".join(PARTS) or "none",
    control="|".join(dict.fromkeys([*CONTROLS, *BASELINES])) or "none",
    fold="|".join(FOLDS) or "none",
    backbone="|".join(dict.fromkeys(BACKBONES.values())) or "none",


def settings(**paths):
    """The `cfg` of a rule: a plain dict with the parts of the config that its job uses."""
    return lambda wildcards: select_settings(STUDY, paths, wildcards)


def training_of(**paths):
    """The `cfg` of a training: the classes, the network and the seed, and what else it uses."""
    return lambda wildcards: {
        "classes": list(STUDY["cohort"]["classes"]),
        **settings(model="models.{model}", seed="seed", **paths)(wildcards),
    }


def training_threads(wildcards):
    """The threads of a training: those of the config, whatever there is, for the same weights."""
    return STUDY["models"][wildcards.model]["training"]["threads"]


def told(source, keys):
    """What the config says of a source under some keys, where it has them."""
    given = STUDY["sources"][source]
    return {key: given[key] for key in keys if key in given}


def obtained(source):
    """What a source is: all the rest that the config says of it."""
    rest = set(STUDY["sources"][source]) - {*READING, *PLACES, *WORDS}
    return told(source, sorted(rest))


def unwatched(value):
    """A param whose change reruns nothing: Snakemake compares none that asks for the output."""
    return lambda wildcards, output: value(wildcards)


def begin():
    """What comes before the first job of a run."""
    try:
        require_writable(Path("results"))
    except InputError as problem:
        sys.exit(f"error: {problem}")
    save_snapshot(STUDY, CODE)


def maps_of(chunk):
    """How many maps a chunk holds."""
    if chunk not in CHUNKS:
        return 1 if chunk == "pca" else 0
    return len(CHUNKS[chunk]["perplexities"]) * len(CHUNKS[chunk]["seeds"])


LARGEST = max(maps_of(chunk) for chunk in CHUNKS)


def code_of(script):
    """The `code` of a rule: a hash of its script and of the modules that it imports."""
    if BEGUN is not None and script in BEGUN.code:
        return BEGUN.code[script]
    CODE[script] = fingerprint(SCRIPTS / script)
    return CODE[script]


def grows(base, per_mb=0.0):
    """Memory (MB) or time (minutes): so much, and more with the inputs' size in MB.

    Each attempt after a failure asks for twice as much.
    """
    return lambda wildcards, input, attempt: math.ceil(
        (base + per_mb * input.size_mb) * 2 ** (attempt - 1)
    )


def grows_with_chunk(base, per_mb=0.0):
    """`grows`, alike for all chunks: the jobs of an array share what the first one asks for."""
    return lambda wildcards, input, attempt: grows(
        base, per_mb * LARGEST / maps_of(wildcards.chunk)
    )(wildcards, input, attempt)


def weights_of(wildcards):
    """The weights that a model starts from: none, those of ImageNet, or a file."""
    model = STUDY["models"][wildcards.model]
    if model["weights"] == "none":
        return []
    if model["weights"] == "imagenet":
        return f"results/weights/{model['architecture']}.pth"
    return model["weights"]


def subject_of(wildcards):
    """The features that a null simulation is fitted to: the model's, or a control's."""
    subject = DRAWS[wildcards.draws]["subject"]
    if subject == "features":
        return FEATURES
    return f"results/{{study}}/controls/{{model}}.{subject}.parquet"


def backbone_features(wildcards):
    """The features of the backbone that is searched beside a model's own; none without one."""
    backbone = BACKBONES.get(wildcards.model)
    if backbone is None:
        return []
    return f"results/{{study}}/backbones/{backbone}.parquet"


def searched_features(wildcards):
    """The features whose neighbours are the study's answer."""
    if LEARNED and STUDY["similarity"]["space"] == "backbone":
        return backbone_features(wildcards)
    return FEATURES


def new_images(wildcards):
    """The folder of new images."""
    if STUDY["images"] is None:
        raise WorkflowError("predict needs a folder of images: --config images=FOLDER")
    if not Path(STUDY["images"]).is_dir():
        raise WorkflowError(
            f"config key 'images': there is no folder {STUDY['images']}"
        )
    return STUDY["images"]


def searched(wildcards):
    """The `cfg` of what is asked of all searches."""
    return {
        "baselines": BASELINES,
        "learned": LEARNED,
        **settings(
            k="similarity.k",
            metric="similarity.metric",
            own_patient="similarity.own_patient",
            seed="seed",
            severity="similarity.severity",
        )(wildcards),
    }


def searching_weights(wildcards):
    """The weights of the network in whose features a study's neighbours are."""
    if STUDY["similarity"]["space"] == "backbone":
        return f"results/weights/{BACKBONES[wildcards.model]}.pth"
    return "results/{study}/models/{model}/model.safetensors"


def searching_card(wildcards):
    """The card of that network, where it was trained here."""
    if STUDY["similarity"]["space"] == "backbone":
        return []
    return "results/{study}/models/{model}/model.json"


def new_query(wildcards):
    """The new image whose similar ones are wanted."""
    if STUDY["query"] is None:
        raise WorkflowError("similar needs an image: --config query=FILE")
    if not Path(STUDY["query"]).is_file():
        raise WorkflowError(f"config key 'query': there is no file {STUDY['query']}")
    return STUDY["query"]


def of_models(pattern):
    """One file for each model, in the order of the models."""
    return expand(pattern, model=MODELS, allow_missing=True)


def printed(*figures):
    """The PDF of each figure, beside its SVG."""
    return [f"results/{{study}}/figures/{figure}.pdf" for figure in figures]
