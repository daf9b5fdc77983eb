"""Selecting, balancing and splitting the images of a study."""


localrules:
    draw_cohort,


rule assemble_cohort:
    """The balanced cohort, its patient-grouped splits and its pixels."""
    input:
        **(
            {"text": TEXT, "sources": rules.read_sources.input.sources}
            if STAGES.hides_text
            else {}
        ),
        metadata=METADATA,
        rejected=rules.clean_metadata.output.rejected,
        inspected=rules.clean_metadata.input.inspected,
        pixels=inspected(rules.inspect_images.output.pixels),
    output:
        **({"tags": "results/{study}/tags.csv"} if STAGES.has_tags else {}),
        cohort=COHORT,
        images="results/{study}/images.npy",
        excluded="results/{study}/excluded.csv",
        flow="results/{study}/flow.json",
    log:
        "results/{study}/logs/assemble_cohort.log",
    benchmark:
        "results/{study}/benchmarks/assemble_cohort.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=grows(2000, 0.5),
        runtime=grows(20, 0.1),
    params:
        cfg=settings(
            image_size="cohort.image_size",
            near_duplicates="cohort.near_duplicates",
            seed="seed",
            selection={
                "classes": "cohort.classes",
                "match": "cohort.match",
                "modality": "cohort.modality",
                "per_class": "cohort.per_class",
                "views": "cohort.views",
            },
            splits="cohort.splits",
            square="cohort.square",
            tags="cohort.tags",
        ),
        code=code_of("assemble_cohort.py"),
    script:
        "../workflow/scripts/assemble_cohort.py"


if STAGES.has_lungs:

    rule find_lungs:
        """The lungs of every image of the cohort: masks of the study's own, and found ones."""
        input:
            cohort=rules.assemble_cohort.output.cohort,
            images=rules.assemble_cohort.output.images,
            metadata=rules.clean_metadata.output.metadata,
            sources=rules.read_sources.input.sources,
        output:
            lungs="results/{study}/lungs.npy",
            table="results/{study}/lungs.csv",
        log:
            "results/{study}/logs/find_lungs.log",
        benchmark:
            "results/{study}/benchmarks/find_lungs.jsonl"
        conda:
            "../envs/analysis.yaml"
        threads: threads_by_size
        resources:
            mem_mb=grows(1000, 2),
            runtime=grows(20, 1),
        params:
            cfg=settings(square="cohort.square"),
            code=code_of("find_lungs.py"),
        script:
            "../workflow/scripts/find_lungs.py"


LUNGS = rules.find_lungs.output.lungs if STAGES.has_lungs else []


rule draw_cohort:
    """The flow diagram of the cohort."""
    input:
        flow=rules.assemble_cohort.output.flow,
    output:
        figure=report(
            "results/{study}/figures/cohort_flow.svg",
            caption="../workflow/report/cohort_flow.rst",
            category="2 Cohort",
            labels={"figure": "flow"},
        ),
        printed=pdf_of("cohort_flow"),
    log:
        "results/{study}/logs/draw_cohort.log",
    benchmark:
        "results/{study}/benchmarks/draw_cohort.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        cfg={},
        code=code_of("draw_cohort.py"),
    script:
        "../workflow/scripts/draw_cohort.py"
