"""Similar images: the search, its retrieval metrics, and severity estimated from neighbours."""


localrules:
    draw_similar,


# The backbone beside each model, and what is searched: its features or the model's own.
BACKBONES = {
    model: f"results/{{study}}/backbones/{backbone}.parquet"
    for model, backbone in STAGES.backbones.items()
}
QUERIED = {
    "features": FEATURES,
    "weights": "results/{study}/models/{model}/model.safetensors",
    "model": "results/{study}/models/{model}/model.json",
}
if STAGES.has_networks and STUDY["similarity"]["space"] == "backbone":
    QUERIED = {
        "features": lambda wildcards: (
            BACKBONES[wildcards.model] if wildcards.model in NETWORKS else FEATURES
        ),
        "weights": lambda wildcards: f"results/weights/{STAGES.backbones[wildcards.model]}.pth",
        "model": [],
    }

# The settings of what is measured of every search.
MEASURES = {
    "k": "similarity.k",
    "metric": "similarity.metric",
    "own_patient": "similarity.own_patient",
    "seed": "seed",
    "severity": "similarity.severity",
}

# The features that are searched beside the model's, where the study has images.
SEARCHED, HELD_OUT = {}, {}
SHEETS = ("median", "best", "worst")

if STAGES.has_images:
    SEARCHED = {
        "backbone": lambda wildcards: BACKBONES.get(wildcards.model, []),
        "baselines": baselines_of(rules.make_control.output.features),
    }

    rule export_backbone:
        """The features of the images by a network with ImageNet weights."""
        input:
            cohort=COHORT,
            images=rules.assemble_cohort.output.images,
            weights="results/weights/{backbone}.pth",
        output:
            features="results/{study}/backbones/{backbone}.parquet",
        log:
            "results/{study}/logs/export_backbone/{backbone}.log",
        benchmark:
            "results/{study}/benchmarks/export_backbone/{backbone}.jsonl"
        conda:
            "../envs/torch.yaml"
        threads: threads_by_size
        resources:
            mem_mb=grows(2000, 4),
            runtime=grows(20, 0.2),
        params:
            cfg=lambda wildcards: {
                "backbone": wildcards.backbone,
                "device": STUDY["device"],
            },
            code=code_of("export_backbone.py"),
        script:
            "../workflow/scripts/export_backbone.py"


if STAGES.has_networks:

    rule train_fold:
        """The features of a part of the patients by a network trained on the others."""
        input:
            cohort=COHORT,
            images=rules.assemble_cohort.output.images,
            weights=initial_weights,
        output:
            features="results/{study}/similar/{model}/folds/{fold}.parquet",
        log:
            "results/{study}/logs/train_fold/{model}.{fold}.log",
        benchmark:
            "results/{study}/benchmarks/train_fold/{model}.{fold}.jsonl"
        priority: 1
        conda:
            "../envs/torch.yaml"
        threads: training_threads
        resources:
            mem_mb=training_memory,
            runtime=grows(30, 2),
            gpu=1,
        params:
            cfg=lambda wildcards: {
                "division": {
                    "fold": int(wildcards.fold),
                    "folds": len(STAGES.folds),
                    "splits": STUDY["cohort"]["splits"],
                },
                "run": training_settings()(wildcards),
            },
            code=code_of("train_fold.py"),
        script:
            "../workflow/scripts/train_fold.py"

    HELD_OUT = {
        "folds": lambda wildcards: expand(
            rules.train_fold.output.features,
            fold=STAGES.folds if wildcards.model in NETWORKS else [],
            allow_missing=True,
        )
    }


rule find_similar:
    """The most similar images of every image, and the index that finds those of a new one."""
    input:
        features=QUERIED["features"],
        cohort=COHORT,
    output:
        neighbours="results/{study}/similar/{model}.parquet",
        rejected="results/{study}/similar/{model}.rejected.csv",
        search="results/{study}/similar/{model}.search.json",
        index="results/{study}/similar/{model}.index",
    log:
        "results/{study}/logs/find_similar/{model}.log",
    benchmark:
        "results/{study}/benchmarks/find_similar/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: threads_by_size
    resources:
        mem_mb=grows(1500, 20),
        runtime=grows(20, 1),
    params:
        cfg=settings(
            exact_up_to="similarity.exact_up_to",
            k="similarity.k",
            metric="similarity.metric",
            own_patient="similarity.own_patient",
            recall="similarity.recall",
            seed="seed",
        ),
        code=code_of("find_similar.py"),
    script:
        "../workflow/scripts/find_similar.py"


TARGETS["similar"] = of_study(rules.find_similar.output.neighbours)


rule measure_similarity:
    """Retrieval metrics of every feature space, and the groups of severity among neighbours."""
    input:
        **SEARCHED,
        **HELD_OUT,
        features=FEATURES,
        cohort=COHORT,
        metadata=METADATA,
    output:
        retrieval="results/{study}/similar/{model}.retrieval.csv",
        groups="results/{study}/similar/{model}.groups.csv",
        held_out="results/{study}/similar/{model}.held_out.parquet",
    log:
        "results/{study}/logs/measure_similarity/{model}.log",
    benchmark:
        "results/{study}/benchmarks/measure_similarity/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: threads_by_size
    resources:
        mem_mb=grows(2000, 20),
        runtime=grows(30, 1),
    params:
        cfg=lambda wildcards: {
            "baselines": STAGES.baselines_of(wildcards.model),
            "space": STAGES.space_of(wildcards.model),
            **settings(**MEASURES)(wildcards),
        },
        code=code_of("measure_similarity.py"),
    script:
        "../workflow/scripts/measure_similarity.py"


rule estimate_severity:
    """Severity estimated from other patients' images, and patients followed over time."""
    input:
        **SEARCHED,
        features=FEATURES,
        cohort=COHORT,
        metadata=METADATA,
    output:
        severity="results/{study}/similar/{model}.severity.json",
        estimates="results/{study}/similar/{model}.severity.parquet",
        drift="results/{study}/similar/{model}.drift.csv",
    log:
        "results/{study}/logs/estimate_severity/{model}.log",
    benchmark:
        "results/{study}/benchmarks/estimate_severity/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000, 20),
        runtime=grows(30, 1),
    params:
        cfg=lambda wildcards: {
            "baselines": STAGES.baselines_of(wildcards.model),
            "space": STAGES.space_of(wildcards.model),
            **settings(**MEASURES)(wildcards),
        },
        code=code_of("estimate_severity.py"),
    script:
        "../workflow/scripts/estimate_severity.py"


rule draw_similar:
    """Figures: retrieval metrics, severity, and patients over time."""
    input:
        retrieval=rules.measure_similarity.output.retrieval,
        severity=rules.estimate_severity.output.severity,
        estimates=rules.estimate_severity.output.estimates,
        drift=rules.estimate_severity.output.drift,
        metadata=METADATA,
    output:
        retrieval=report(
            "results/{study}/figures/{model}.retrieval.svg",
            caption="../workflow/report/retrieval.rst",
            category="7 Similar images",
            labels={"model": "{model}", "figure": "precision"},
        ),
        severity=report(
            "results/{study}/figures/{model}.severity.svg",
            caption="../workflow/report/severity.rst",
            category="7 Similar images",
            labels={"model": "{model}", "figure": "severity"},
        ),
        drift=report(
            "results/{study}/figures/{model}.drift.svg",
            caption="../workflow/report/drift.rst",
            category="7 Similar images",
            labels={"model": "{model}", "figure": "follow-up"},
        ),
        printed=pdf_of("{model}.retrieval", "{model}.severity", "{model}.drift"),
        patients=directory("results/{study}/figures/{model}.patients"),
    log:
        "results/{study}/logs/draw_similar/{model}.log",
    benchmark:
        "results/{study}/benchmarks/draw_similar/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 30),
        runtime=grows(10, 0.2),
    params:
        cfg=settings(k="similarity.k"),
        code=code_of("draw_similar.py"),
    script:
        "../workflow/scripts/draw_similar.py"


if STAGES.has_images:

    rule draw_sheets:
        """Contact sheets: of each class the queries of median, best and worst precision."""
        input:
            neighbours=rules.find_similar.output.neighbours,
            held_out=rules.measure_similarity.output.held_out,
            cohort=COHORT,
            metadata=METADATA,
            images=rules.assemble_cohort.output.images,
        output:
            **{
                kind: report(
                    f"results/{{study}}/figures/{{model}}.similar-{kind}.svg",
                    caption="../workflow/report/sheets.rst",
                    category="7 Similar images",
                    labels={"model": "{model}", "figure": f"{kind} queries"},
                )
                for kind in SHEETS
            },
            printed=pdf_of(*(f"{{model}}.similar-{kind}" for kind in SHEETS)),
        log:
            "results/{study}/logs/draw_sheets/{model}.log",
        benchmark:
            "results/{study}/benchmarks/draw_sheets/{model}.jsonl"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000, 4),
            runtime=grows(10, 0.2),
        params:
            cfg=lambda wildcards: {"classes": list(STUDY["cohort"]["classes"])},
            code=code_of("draw_sheets.py"),
        script:
            "../workflow/scripts/draw_sheets.py"

    TARGETS["sheets"] = of_study(rules.draw_sheets.output.worst)

    localrules:
        draw_sheets,
        similar,

    # What answers: the one of `model=`, else the first network and all encoders.
    ASKED = [STUDY["model"]] if STUDY["model"] else NETWORKS[:1] + ENCODERS

    rule query_similar:
        """The images most similar to a new one by a network: a table and a contact sheet."""
        input:
            **QUERIED,
            query=from_command_line(query_file),
            rejected=rules.find_similar.output.rejected,
            search=rules.find_similar.output.search,
            index=rules.find_similar.output.index,
            cohort=COHORT,
            metadata=METADATA,
            images=rules.assemble_cohort.output.images,
        output:
            neighbours="results/{study}/similar/{model}/query/neighbours.csv",
            sheet="results/{study}/similar/{model}/query/sheet.svg",
            printed="results/{study}/similar/{model}/query/sheet.pdf",
        log:
            "results/{study}/logs/query_similar/{model}.log",
        benchmark:
            "results/{study}/benchmarks/query_similar/{model}.jsonl"
        wildcard_constraints:
            model="|".join(NETWORKS) or "none",
        conda:
            "../envs/torch.yaml"
        threads: 2
        resources:
            mem_mb=grows(3000, 4),
            runtime=grows(20),
        params:
            cfg=query_settings,
            code=code_of("query_similar.py"),
        script:
            "../workflow/scripts/query_similar.py"

    use rule query_similar as query_encoder with:
        input:
            features=FEATURES,
            weights="results/weights/encoders/{model}",
            query=from_command_line(query_file),
            rejected=rules.find_similar.output.rejected,
            search=rules.find_similar.output.search,
            index=rules.find_similar.output.index,
            cohort=COHORT,
            metadata=METADATA,
            images=rules.assemble_cohort.output.images,
        log:
            "results/{study}/logs/query_encoder/{model}.log",
        benchmark:
            "results/{study}/benchmarks/query_encoder/{model}.jsonl"
        wildcard_constraints:
            model="|".join(ENCODERS) or "none",
        conda:
            "../envs/encoders.yaml"

    rule similar:
        """The images most similar to a new one: snakemake similar --config query=FILE"""
        input:
            expand(rules.query_similar.output.neighbours, study=NAME, model=ASKED),
