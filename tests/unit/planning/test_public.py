"""The config that the report shows names no folder of the machine."""

from cxr.config.resolve import resolve
from cxr.planning.public import public_config

TABLE = {
    "kind": "table",
    "path": "/home/mueller/Klinikum/ours",
    "columns": {"file": "f", "finding": "d"},
}


def test_folders_are_shown_by_their_last_names():
    study = resolve(
        {
            "study": "s",
            "sources": {"ours": TABLE},
            "cohort": {"classes": {"a": {"findings": ["a"]}, "b": {"findings": ["b"]}}},
            "models": {"m": {"architecture": "conv5", "weights": "/home/mueller/w.safetensors"}},
            "mirror": "/home/mueller/mirror",
        }
    )
    public = public_config(study)
    assert "mueller" in str(study)
    assert "mueller" not in str(public)
    assert public["sources"]["ours"]["path"] == "ours"
    assert public["models"]["m"]["weights"] == "w.safetensors"
    assert public["seed"] == study["seed"]


def test_all_else_stays_as_it_is():
    study = resolve({"study": "s", "features": {"from_file": "/data/f.parquet"}})
    public = public_config(study)
    assert public["features"].pop("from_file") == "f.parquet"
    study["features"].pop("from_file")
    assert public == study
