"""The most similar images, how well they serve, and severity by them."""


localrules:
    draw_similar,


def backbone_features(wildcards):
    """The features of the backbone that is compared with a model's own; none without one."""
    backbone = STAGES.backbones.get(wildcards.model)
    if backbone is None:
        return []
    return f"results/{{study}}/backbones/{backbone}.parquet"


def searched_features(wildcards):
    """The features in which neighbours are searched."""
    if STAGES.has_images and STUDY["similarity"]["space"] == "backbone":
        return backbone_features(wildcards)
    return FEATURES


def searched_weights(wildcards):
    """The weights of the network that makes these features."""
    if STUDY["similarity"]["space"] == "backbone":
        return f"results/weights/{STAGES.backbones[wildcards.model]}.pth"
    return "results/{study}/models/{model}/model.safetensors"


def searched_card(wildcards):
    """The card of that network, where it was trained here."""
    if STUDY["similarity"]["space"] == "backbone":
        return []
    return "results/{study}/models/{model}/model.json"


def query_image(wildcards):
    """The new image that similar ones are searched for."""
    if STUDY["query"] is None:
        raise WorkflowError("similar needs an image: --config query=FILE")
    if not Path(STUDY["query"]).is_file():
        raise WorkflowError(f"config key 'query': there is no file {STUDY['query']}")
    return local(STUDY["query"])


def search_settings(wildcards):
    """The `cfg` of what is measured of every search."""
    return {
        "baselines": STAGES.baselines,
        "learned": STAGES.has_images,
        **settings(
            k="similarity.k",
            metric="similarity.metric",
            own_patient="similarity.own_patient",
            seed="seed",
            severity="similarity.severity",
        )(wildcards),
    }


# What images are searched by beside the model's own features, where the study has images.
SEARCHED, HELD_OUT = {}, {}
SHEETS = ("median", "best", "worst")

if STAGES.has_images:
    SEARCHED = {
        "backbone": backbone_features,
        "baselines": expand(
            rules.make_control.output.features,
            control=STAGES.baselines,
            allow_missing=True,
        ),
    }

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
        conda:
            "../envs/torch.yaml"
        threads: training_threads
        resources:
            mem_mb=grows(4000, 4),
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
        "folds": expand(
            rules.train_fold.output.features, fold=STAGES.folds, allow_missing=True
        )
    }

    rule export_backbone:
        """What a network with ImageNet weights makes of the images."""
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
        threads: 2
        resources:
            mem_mb=grows(2000, 4),
            runtime=grows(20, 0.2),
        params:
            cfg=lambda wildcards: {"backbone": wildcards.backbone},
            code=code_of("export_backbone.py"),
        script:
            "../workflow/scripts/export_backbone.py"


rule find_similar:
    """The most similar images of every image, and the index that finds those of a new one."""
    input:
        features=searched_features,
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
    threads: 2
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
    """What the neighbours share with their query, in every space, beside what chance gives."""
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
    threads: 2
    resources:
        mem_mb=grows(2000, 20),
        runtime=grows(30, 1),
    params:
        cfg=search_settings,
        code=code_of("measure_similarity.py"),
    script:
        "../workflow/scripts/measure_similarity.py"


rule estimate_severity:
    """Severity from similar images, and how patients drift along their days."""
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
        cfg=search_settings,
        code=code_of("estimate_severity.py"),
    script:
        "../workflow/scripts/estimate_severity.py"


rule draw_similar:
    """Figures: how well neighbours serve, severity, and patients along their days."""
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
            labels={"model": "{model}", "figure": "drift"},
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
        """Contact sheets: of each class the median, the best and the worst query."""
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

    rule query_similar:
        """What is most similar to a new image, in a table and on a contact sheet."""
        input:
            query=query_image,
            weights=searched_weights,
            model=searched_card,
            features=searched_features,
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
        conda:
            "../envs/torch.yaml"
        threads: 2
        resources:
            mem_mb=grows(2000, 4),
            runtime=grows(20),
        params:
            cfg=lambda wildcards: {
                "backbone": STAGES.backbones.get(wildcards.model),
                "classes": list(STUDY["cohort"]["classes"]),
                **settings(
                    image_size="cohort.image_size",
                    k="similarity.k",
                    space="similarity.space",
                    square="cohort.square",
                )(wildcards),
            },
            code=code_of("query_similar.py"),
        script:
            "../workflow/scripts/query_similar.py"

    rule similar:
        """What is most similar to a new image: snakemake similar --config query=FILE"""
        input:
            expand(rules.query_similar.output.neighbours, study=NAME, model=PREDICTOR),
