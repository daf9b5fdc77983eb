"""How the work of a job grows with the number of images, as tests/benchmarks measures it."""

# Seconds that a job takes to begin, whatever it does.
START = 1.0
# `embedding.gradient` is exact up to so many images, above it takes a time for each.
EXACT_UP_TO = 2000

# What looks at each image, or at each row of a table.
BY_IMAGE = frozenset(
    {
        *("read_sources", "inspect_images", "clean_metadata"),
        *("read_external", "inspect_external", "clean_external"),
        *("find_text", "record_text", "find_external_text", "record_external_text"),
        *("assemble_cohort", "assemble_external", "find_lungs", "divide_folds"),
        *("train", "train_part", "train_fold", "retrain"),
        *("evaluate", "evaluate_external", "run_baselines", "validate_baselines", "explain"),
        *("export_features", "make_control", "import_features"),
        *("encode", "join_encoder", "encode_external", "validate_encoder"),
        *("compare_representations", "sweep", "score", "assess_evidence"),
        *("find_similar", "measure_similarity"),
    }
)
ALL_DISTANCES = frozenset({"find_neighbours"})
MAPS = frozenset({"embed"})
# On at most `evidence.sample` images.
SEARCHES = frozenset({"search_nulls", "repeat_search"})


def growth(rule: str, measured: int, planned: int, sample: int) -> float:
    """How often as much a rule has to do for some images as it had for others.

    Parameters
    ----------
    rule : str
    measured, planned : int
        Numbers of images, at least 1.
    sample : int
        The most images of a search for null simulations.
    """
    if rule in BY_IMAGE:
        return planned / measured
    if rule in ALL_DISTANCES:
        return (planned / measured) ** 2
    if rule in MAPS:
        return _pairs(planned, EXACT_UP_TO) / _pairs(measured, EXACT_UP_TO)
    if rule in SEARCHES:
        return (min(planned, sample) / min(measured, sample)) ** 2
    return 1.0


def _pairs(images: int, exact: int) -> float:
    """Work of a map: of all pairs up to some number of images, then of each image alike."""
    return float(images * min(images, exact))
