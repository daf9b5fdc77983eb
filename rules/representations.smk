"""Networks, encoders, ImageNet and controls side by side."""

from cxr.planning.representations import comparison_settings, representations

REPRESENTATIONS = representations(STAGES)


rule compare_representations:
    """What networks, encoders and controls know of class, fields and severity, side by side."""
    input:
        cohort=COHORT,
        metadata=METADATA,
        features=[found.path for found in REPRESENTATIONS],
        clusters=of_models("results/{study}/clusters/{model}.parquet"),
    output:
        table="results/{study}/representations.csv",
        figure=report(
            "results/{study}/figures/representations.svg",
            caption="../workflow/report/representations.rst",
            category="3 Networks",
            labels={"model": "all", "figure": "representations"},
        ),
        printed=pdf_of("representations"),
    log:
        "results/{study}/logs/compare_representations.log",
    benchmark:
        "results/{study}/benchmarks/compare_representations.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: threads_by_size
    resources:
        mem_mb=grows(2000, 30),
        runtime=grows(60, 5),
    params:
        cfg=comparison_settings(STUDY, STAGES),
        code=code_of("compare_representations.py"),
    script:
        "../workflow/scripts/compare_representations.py"
