"""What was planted in synthetic images is found by source and file."""

import pandas as pd

from cxr.synthetic.truth import planted_groups


def test_groups_are_found_by_source_and_file(tmp_path):
    for source in ("a", "b"):
        (tmp_path / source).mkdir()
        rows = f"filename,class,variant\nx.png,viral,{int(source == 'b')}\n"
        (tmp_path / source / "truth.csv").write_text(rows)
    metadata = pd.DataFrame(
        {
            "image_id": ["a/x", "b/x", "c/x", "a/y"],
            "source": ["a", "b", "c", "a"],
            "file": ["images/x.png", "images/x.png", "images/x.png", "images/y.png"],
        }
    )
    groups = planted_groups([tmp_path / "a", tmp_path / "b"], metadata)
    assert groups.to_dict() == {"a/x": "viral 0", "b/x": "viral 1"}
    assert planted_groups([], metadata).empty
