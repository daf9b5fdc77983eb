"""The study's config, and what the rules share."""

import math
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

SCRIPTS = Path(str(workflow.current_basedir)).parent / "workflow" / "scripts"
if not SCRIPTS.is_dir():
    sys.exit(
        "error: the workflow is imported from a URL; clone it, and name the clone's "
        "workflow/Snakefile in `module`"
    )
if str(SCRIPTS) not in sys.path:
    sys.path.insert(0, str(SCRIPTS))

from cxr.config.catalogue.controls import CONTROLS
from cxr.config.repeated_keys import require_unique_keys
from cxr.config.resolve import check_files, resolve
from cxr.core.advice import advice
from cxr.core.errors import InputError
from cxr.core.fingerprint import fingerprint
from cxr.planning.command_line import images_folder, query_file
from cxr.planning.encoder_parts import encoder_part
from cxr.planning.folders import folder_signature
from cxr.planning.settings import select_settings
from cxr.planning.snapshot import current_snapshot
from cxr.planning.source_parts import source_part
from cxr.planning.stages import study_stages
from cxr.planning.surroundings import (
    require_readable,
    require_state,
    use_writable_caches,
)

STOPPED = []  # what ended this process


def stop(problem):
    """Ends Snakemake with the one line that says what the user can do."""
    STOPPED.append(problem)
    sys.exit(f"error: {advice(problem) or problem}")


# A job on a cluster reads this file hours after its run began, and keeps to what it began with.
try:
    require_state()
    use_writable_caches()
    SNAPSHOT = current_snapshot()
    for file in workflow.configfiles if SNAPSHOT is None else ():
        require_unique_keys(file)
    STUDY = resolve(config) if SNAPSHOT is None else SNAPSHOT.study
    check_files(STUDY)
    require_readable(Path("results"), STUDY["study"])
except (InputError, OSError) as problem:
    stop(problem)

NAME = STUDY["study"]
STAGES = study_stages(STUDY)
SOURCES = (
    STAGES.sources
)  # of the cohort; no rule but those of external.smk sees the others
EVERY_SOURCE = [*SOURCES, *STAGES.external]
SYNTHETIC = [name for name in SOURCES if STUDY["sources"][name]["kind"] == "synthetic"]
MODELS = STAGES.models  # all that have features: networks, then encoders
NETWORKS = STAGES.networks
ENCODERS = STAGES.encoders

FOREIGN = set(workflow.rules)  # of a workflow that imports this one
CODE = {}  # the fingerprint of each script
TARGETS = {}  # the files that a whole study has, by stage
LITTLE = 10_000_000  # bytes

# What the stages before the maps write, whichever they are.
COHORT = "results/{study}/cohort.parquet"
METADATA = "results/{study}/metadata.parquet"
EXTERNAL_METADATA = "results/{study}/external/metadata.parquet"
# Burned-in text, where a study searches for it.
TEXT = "results/{study}/text.csv"
EXTERNAL_TEXT = "results/{study}/external/text.csv"
# Metadata before burned-in text becomes fields of it.
CLEANED = "results/{study}/text/cleaned.parquet" if STAGES.has_text else METADATA
EXTERNAL_CLEANED = (
    "results/{study}/external/text/cleaned.parquet"
    if STAGES.has_text
    else EXTERNAL_METADATA
)
FEATURES = "results/{study}/features/{model}.parquet"


wildcard_constraints:
    study=NAME,
    source="|".join(EVERY_SOURCE) or "none",
    model="|".join(MODELS),
    chunk="|".join(STAGES.all_chunks),
    part="|".join(STAGES.protocols) or "none",
    control="|".join(dict.fromkeys([*STAGES.controls, *STAGES.baselines])) or "none",
    fold="|".join(STAGES.folds) or "none",
    backbone="|".join(dict.fromkeys(STAGES.backbones.values())) or "none",


def settings(**paths):
    """The `cfg` of a rule: a plain dict with the parts of the config that its job uses."""
    return lambda wildcards: select_settings(STUDY, paths, wildcards)


def training_settings(**paths):
    """The `cfg` of a training: the classes, the network and the seed, and what else it uses."""
    return lambda wildcards: {
        "classes": list(STUDY["cohort"]["classes"]),
        **settings(model="models.{model}", seed="seed", device="device", **paths)(
            wildcards
        ),
    }


def training_threads(wildcards):
    """The threads of a training: those of the config, whatever there is, for the same weights."""
    return STUDY["models"][wildcards.model]["training"]["threads"]


def training_memory(wildcards, input, attempt):
    """The memory of a training: its images up to what the config allows, and the rest."""
    most = STUDY["models"][wildcards.model]["training"]["memory_mb"]
    images = min(4 * input.size_mb, most)
    return math.ceil((4000 + images) * 2 ** (attempt - 1))


def initial_weights(wildcards):
    """The weights that a model starts from: none, those of ImageNet, or a file."""
    model = STUDY["models"][wildcards.model]
    if model["weights"] == "none":
        return []
    if model["weights"] == "imagenet":
        return f"results/weights/{model['architecture']}.pth"
    return local(model["weights"])


def encoder_path(wildcards):
    """The folder of an encoder on this machine, where the config names one."""
    path = STUDY["encoders"][wildcards.model]["path"]
    return local(path) if path else []


def inspection_settings(wildcards):
    """The `cfg` of the inspection of one chunk of images."""
    return {
        "number": STAGES.inspected_chunks.index(wildcards.inspected),
        "chunks": len(STAGES.inspected_chunks),
        **settings(
            min_side="cohort.min_side",
            image_size="cohort.image_size",
            square="cohort.square",
        )(wildcards),
    }


def inspected(pattern):
    """The files of all chunks of inspected images."""
    return expand(pattern, inspected=STAGES.inspected_chunks, allow_missing=True)


def source_settings(source, part):
    """The `cfg` of what uses one part of what the config says of a source."""
    return source_part(STUDY["sources"][source], part)


def drawing_threads(wildcards):
    """Processes that draw a synthetic source; others come from elsewhere."""
    return 4 if STUDY["sources"][wildcards.source]["kind"] == "synthetic" else 1


def threads_by_size(wildcards, input):
    """Two threads where there is much to read; a job with little is mostly imports of one thread."""
    sizes = [
        Path(str(file)).stat().st_size for file in input if Path(str(file)).is_file()
    ]
    return 2 if sum(sizes) > LITTLE else 1


def from_command_line(path):
    """The input of a rule that needs a path of the user, checked when the rule is wanted."""

    def checked(wildcards):
        try:
            return local(path(STUDY))
        except InputError as problem:
            stop(problem)

    return checked


def code_of(script):
    """The `code` of a rule: a hash of its script and of the modules that it imports."""
    if SNAPSHOT is not None and script in SNAPSHOT.code:
        return SNAPSHOT.code[script]
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
    """`grows`, alike for all chunks: the jobs of an array share what the first one requests."""
    return lambda wildcards, input, attempt: grows(
        base, per_mb * STAGES.largest_chunk / STAGES.n_maps(wildcards.chunk)
    )(wildcards, input, attempt)


def of_models(pattern):
    """One file for each model, in the order of the models."""
    return expand(pattern, model=MODELS, allow_missing=True)


def of_networks(pattern):
    """One file for each trained network, in the order of the networks."""
    return expand(pattern, model=NETWORKS, allow_missing=True)


def of_network(pattern):
    """A file of the model where it is a trained network, else none."""
    return lambda wildcards: (
        pattern.format(study=NAME, model=wildcards.model)
        if wildcards.model in NETWORKS
        else []
    )


def of_encoder(pattern):
    """A file of the model where it is an encoder, which may lack images; else none."""
    return lambda wildcards: (
        pattern.format(study=NAME, model=wildcards.model)
        if wildcards.model in ENCODERS
        else []
    )


def of_study(pattern):
    """The files of this study, one for each model where the pattern names one."""
    return expand(pattern, study=NAME, model=MODELS)


def with_lungs_covered(path):
    """The input of controls that cover the lungs; others do without."""
    return lambda wildcards: (path if CONTROLS[wildcards.control].covers_lungs else [])


def controls_of(pattern):
    """The files of the control features that a model has."""
    return lambda wildcards: expand(
        pattern, control=STAGES.controls_of(wildcards.model), allow_missing=True
    )


def baselines_of(pattern):
    """The files of the baseline features that a model has."""
    return lambda wildcards: expand(
        pattern, control=STAGES.baselines_of(wildcards.model), allow_missing=True
    )


def existing(*files):
    """The files of these lists that are there when the run is planned; none is made for it."""
    return lambda wildcards: [
        file for each in files for file in each if Path(file).is_file()
    ]


def confounding_verdict(wildcards):
    """What recorded fields say of the class, where it is known: it takes every part's training."""
    (verdict,) = expand(rules.stratify.output.verdict, study=NAME, model=PREDICTOR)
    return verdict if Path(verdict).is_file() else []


def query_settings(wildcards):
    """The `cfg` of the search for images that are similar to a new one."""
    encoder = STUDY["encoders"].get(wildcards.model)
    return {
        "backbone": STAGES.backbones.get(wildcards.model) if encoder is None else None,
        "classes": list(STUDY["cohort"]["classes"]),
        "encoder": None if encoder is None else encoder_part(encoder, "features"),
        "space": STUDY["similarity"]["space"] if encoder is None else "encoder",
        **settings(
            device="device",
            hide_text="cohort.hide_text",
            image_size="cohort.image_size",
            k="similarity.k",
            square="cohort.square",
        )(wildcards),
    }


def app_settings(model):
    """The `cfg` of a network's page; without similar images in the study, by its usual metric."""
    similarity = STUDY["similarity"] or {"metric": "cosine", "k": 8}
    return {
        "study": NAME,
        "model": model,
        "title": STUDY["report"]["title"],
        "seed": STUDY["seed"],
        "device": STUDY["device"],
        "metric": similarity["metric"],
        "k": similarity["k"],
        "external": list(STAGES.external),
    }


def pdf_of(*figures):
    """The PDF of each figure, beside its SVG."""
    return [f"results/{{study}}/figures/{figure}.pdf" for figure in figures]
