"""A run that failed ends with what, where, and the next command."""

from cxr.terminal.ending import MOST, failure_lines

MODEL = {"study": "s", "model": "conv5"}


def test_each_failed_job_is_named_with_its_reason_and_log(tmp_path):
    good, killed = tmp_path / "train.log", tmp_path / "embed.log"
    good.write_text("10:00 epoch 1\nTraceback\nerror: a.csv: no rows; add some\n\n")
    killed.write_text("10:00 epoch 1\n")
    jobs = [
        ("train", MODEL, good),
        ("embed", {**MODEL, "chunk": "pca"}, killed),
        ("sweep", {}, tmp_path / "none.log"),
    ]
    text = failure_lines(jobs, ["/x/bin/snakemake", "--configfile", "my study.yaml"])
    assert text.splitlines() == [
        "embed (model conv5, chunk pca) failed: it was killed, or ended without a word",
        f"    its log: {killed}",
        "sweep failed: it was killed, or ended without a word",
        f"    its log: {tmp_path / 'none.log'}",
        "train (model conv5) failed: a.csv: no rows; add some",
        f"    its log: {good}",
        "What was finished stays. Then run again: snakemake --configfile 'my study.yaml'",
    ]


def test_of_many_failed_jobs_the_others_are_counted(tmp_path):
    jobs = [("embed", {}, tmp_path / f"{number}.log") for number in range(MOST + 3)]
    lines = failure_lines(jobs, ["snakemake"]).splitlines()
    assert len(lines) == 2 * MOST + 2
    assert lines[-2] == "3 more jobs failed"
