"""The seven stages that a user sees, and the rules of each."""

STAGES: dict[str, tuple[str, ...]] = {
    "images": (
        *("download", "record_source", "read_sources", "inspect_images", "clean_metadata"),
        *("read_external", "inspect_external", "clean_external"),
        *("find_text", "record_text", "find_external_text", "record_external_text"),
    ),
    "cohort": (
        *("assemble_cohort", "find_lungs", "draw_cohort", "divide_folds"),
        *("assemble_external", "analyse_metadata"),
    ),
    "networks": (
        *("download_weights", "train", "train_part", "evaluate", "run_baselines"),
        *("compare_models", "compare_tags", "stratify", "review", "explain", "draw_training"),
        *("evaluate_external", "validate_baselines", "export_onnx", "predict"),
    ),
    "features": (
        *("export_features", "make_control", "import_features", "export_backbone"),
        *("download_encoder", "encode", "join_encoder", "compare_representations"),
        *("encode_external", "validate_encoder"),
    ),
    "maps and clusters": (
        *("find_neighbours", "embed", "sweep", "sweep_hdbscan", "score", "count_countries"),
        "draw_clusters",
    ),
    "evidence and similar images": (
        *("retrain", "search_nulls", "repeat_search", "assess_evidence", "draw_evidence"),
        *("train_fold", "find_similar", "measure_similarity", "estimate_severity"),
        *("draw_similar", "draw_sheets", "query_similar", "query_encoder"),
    ),
    "report": (
        *("make_thumbnails", "make_pictures", "pack_explorer", "write_report", "show_table"),
        *("fetch_runtime", "make_app", "write_card", "write_crate"),
        "write_datasheet",
    ),
}
# Rules that only name what a user can ask for; they are no work.
TARGETS = ("all", "onnx", "similar", "app", "card", "crate", "datasheet")
# A rule that the table lacks is still counted.
OTHER = "other jobs"

_STAGE_OF = {rule: stage for stage, rules in STAGES.items() for rule in rules}


def stage_of(rule: str) -> str:
    """The stage of a rule, `OTHER` of one that the table does not name."""
    return _STAGE_OF.get(rule, OTHER)
