"""A run ends with what it made; one that failed with what, where, and the next command."""

import json

import pytest

from cxr.terminal.ending import MOST, failure_lines, result_lines

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


def test_a_run_that_was_interrupted_names_the_command_alone():
    assert failure_lines([], ["snakemake", "-c2"]) == (
        "What was finished stays. Run again: snakemake -c2"
    )


@pytest.fixture
def made(tmp_path):
    """The outputs of two networks' evidence, the report, and what commands make."""

    def written(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path

    verdicts = {"a": "no clusters beyond chance", "b": "inconclusive: too few images"}
    evidence = {
        model: written(f"{model}.json", json.dumps({"verdict": {"verdict": verdict}}))
        for model, verdict in verdicts.items()
    }
    return {
        "evidence": [
            ("assess_evidence", {"model": model}, {"evidence": path})
            for model, path in evidence.items()
        ],
        "report": ("write_report", {}, {"report": written("my report.html", "page")}),
        "predict": (
            "predict",
            {},
            {
                "predictions": written(
                    "predictions.csv",
                    'file,predicted\n"a, 1.png",viral\nb.png,normal\nc.png,viral\n',
                ),
                "rejected": written("rejected.csv", "file,reason\nd.txt,no image\n"),
                "summary": written("summary.json", '{"lines": ["Two lie far from training."]}'),
                "overlays": tmp_path / "overlays",
            },
        ),
        "similar": (
            "query_similar",
            {},
            {
                "neighbours": written(
                    "neighbours.csv", "rank,neighbour_id,class\n1,x,viral\n2,y,normal\n3,z,viral\n"
                ),
                "sheet": tmp_path / "sheet.svg",
            },
        ),
        "onnx": ("export_onnx", {}, {"onnx": written("model.onnx", "x" * 1_500_000)}),
    }


def test_a_study_ends_with_the_answer_and_the_reports_address(made, tmp_path):
    report = f"Report: {tmp_path.as_uri()}/my%20report.html"
    one, two = made["evidence"]
    jobs = [made["report"], one, ("train", {}, {"weights": tmp_path / "none"})]
    assert result_lines(jobs) == ["Answer: no clusters beyond chance.", report]
    assert result_lines([made["report"], two, one]) == [
        "Answer by network: a: no clusters beyond chance; b: inconclusive: too few images.",
        report,
    ]


def test_commands_end_with_what_they_made(made, tmp_path):
    assert result_lines([made["predict"]]) == [
        f"Predicted: 3 images (2 viral, 1 normal); 1 file could not be used, listed in "
        f"{tmp_path}/rejected.csv",
        "Two lie far from training.",
        f"Predictions: {tmp_path}/predictions.csv; Grad-CAM: {tmp_path}/overlays",
    ]
    assert result_lines([made["similar"]]) == [
        "The 3 most similar images: 2 viral, 1 normal; the nearest is x (viral)",
        f"Table: {tmp_path}/neighbours.csv; pictures: {tmp_path}/sheet.svg",
    ]
    assert result_lines([made["onnx"]]) == [
        f"ONNX file: {tmp_path}/model.onnx, 1.5 MB, checked against torch"
    ]


def test_what_is_not_there_or_is_damaged_is_passed_over(made, tmp_path):
    made["evidence"][0][2]["evidence"].write_text("{")
    made["report"][2]["report"].unlink()
    made["predict"][2]["rejected"].unlink()
    jobs = [made["evidence"][0], made["report"], made["predict"], made["onnx"]]
    assert len(result_lines(jobs)) == 1
