"""What recorded fields say of the class, and a network's rates in their subgroups."""

from typing import TYPE_CHECKING

from cxr.cohort.splits import independent_patients
from cxr.core.io import read_table, write_csv, write_json
from cxr.core.job import job
from cxr.evaluation.confounding import confounding_table, confounding_verdict
from cxr.evaluation.field_study import FieldStudy, main_predictions
from cxr.evaluation.subgroups import subgroup_table
from cxr.evidence.covariates import field_name, recorded_fields

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    cohort, metadata = read_table(input.cohort), read_table(input.metadata)
    parts = [read_table(path) for path in input.get("parts", [])]
    study = FieldStudy(
        cohort=cohort,
        fields=recorded_fields(metadata, cohort).drop(columns="split", errors="ignore"),
        folds=read_table(input.folds),
        predictions=main_predictions(read_table(input.predictions), parts),
        patients=independent_patients(cohort),
        classes=cfg["classes"],
    )
    confounding = confounding_table(study, cfg["seed"])
    write_csv(confounding, output.confounding)
    verdict = confounding_verdict(confounding, study.classes, field_name)
    write_json(verdict, output.verdict)
    write_csv(subgroup_table(study, cfg["seed"]), output.subgroups)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
