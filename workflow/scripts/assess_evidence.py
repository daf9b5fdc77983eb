"""The evidence on the clusters: significance, stability, associations, controls, verdict."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.cohort.splits import independent_patients
from cxr.core.io import read_array, read_table, read_tables, write_csv, write_json, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.evidence.assess import MAPS, AssessmentSettings, StudyRecords, assess
from cxr.evidence.covariates import mean_intensity, recorded_fields
from cxr.evidence.sample import Sample
from cxr.synthetic.truth import planted_groups

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    settings, cohort = typed(AssessmentSettings, cfg), read_table(input.cohort)
    images, metadata = input.get("images"), read_table(input.metadata)
    intensity = mean_intensity(cohort, read_array(images)) if images else None
    whole, *controls = (
        Sample.of(read_table(path), cohort, settings.sample)
        for path in (input.features, *input.get("controls", []))
    )
    records = StudyRecords(
        clusters=read_table(input.clusters),
        ranking=read_table(input.ranking),
        embeddings=read_tables(input.embeddings),
        fields=recorded_fields(metadata, cohort, intensity),
        patients=independent_patients(cohort),
        simulations=read_tables(input.simulations),
        repeats=read_table(input.repeats),
        controls=dict(zip(settings.controls, controls, strict=True)),
        planted=planted_groups([Path(folder) for folder in input.get("synthetic", [])], metadata),
    )
    evidence = assess(whole, records, settings, threads)
    write_json(evidence.document, output.evidence)
    write_csv(evidence.associations, output.associations)
    write_table(evidence.maps, output.maps, schema=MAPS)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
