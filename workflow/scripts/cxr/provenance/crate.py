"""A study as a Workflow Run RO-Crate: what was made, from what, by what, when.

References
----------
S. Leo et al., "Recording provenance of workflow runs with RO-Crate", PLOS ONE 19(9), 2024.
"""

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from cxr.core.hashing import file_sha256, files_below
from cxr.core.software import NAME, commit
from cxr.provenance.executions import Execution

# The version of the specification that the profiles below extend.
SPECIFICATION = "1.1"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate 0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate 0.5",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate 0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate 1.0",
}
COMPLETED = "http://schema.org/CompletedActionStatus"
# A term of the profiles that the specification's own context lacks.
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}


@dataclass(frozen=True)
class StudyRun:
    """A study that has run, and what its crate says of it.

    Attributes
    ----------
    results : Path
        The folder of results.
    study, title : str
    config, workflow, report : str
        Paths below the study's folder: the resolved config, the workflow's main file, the page.
    sources : sequence of mappings
        The provenance of each source: `name, kind, url, revision, content_hash, licence,
        citation, files, bytes`.
    snakemake : str
        Its version.
    """

    results: Path
    study: str
    title: str
    config: str
    workflow: str
    report: str
    sources: Sequence[Mapping[str, Any]]
    snakemake: str


def run_crate(run: StudyRun, jobs: Sequence[Execution], published: datetime) -> dict[str, Any]:
    """The metadata of a Provenance Run Crate, as JSON-LD.

    Parameters
    ----------
    run : StudyRun
    jobs : sequence of Execution
        All that made the study.
    published : datetime
        When the crate was written.

    Returns
    -------
    dict
        The content of `ro-crate-metadata.json` in the study's folder.
    """
    crate = _Crate(run)
    crate.describe(published)
    crate.add_workflow(jobs)
    crate.add_run(jobs)
    return dict(crate.crate.metadata.generate())


class _Crate:
    """A crate while it is filled; every entity is added once."""

    def __init__(self, run: StudyRun) -> None:
        self.run = run
        self.crate = ROCrate(version=SPECIFICATION)
        self.crate.metadata.extra_terms.update(TERMS)
        self.folder = run.results / run.study

    def entity(self, place: str, kind: str, **properties: Any) -> Any:
        """A contextual entity by its identifier, made where it is new; without null properties."""
        known = self.crate.dereference(place)
        if known is not None:
            return known
        filled = {
            key: _one_or_more(value) if isinstance(value, list) else value
            for key, value in properties.items()
            if value not in (None, "", [])
        }
        return self.crate.add(ContextEntity(self.crate, place, {"@type": kind, **filled}))

    def describe(self, published: datetime) -> None:
        """The study as a whole, and its sources."""
        crate, run = self.crate, self.run
        crate.name = run.title
        crate.description = f"The study {run.study} by {NAME}: results, and how they were made."
        crate.datePublished = published
        sources = [self.source(source) for source in run.sources]
        crate.license = self.entity(
            "#licence",
            "CreativeWork",
            name="Licences of the sources",
            description=_licences(run.sources),
        )
        crate.root_dataset["conformsTo"] = [
            self.entity(url, "CreativeWork", name=name, version=url.rpartition("/")[2])
            for url, name in PROFILES.items()
        ]
        if sources:
            crate.root_dataset["citation"] = _one_or_more(sources)
        crate.metadata["conformsTo"] = [
            {"@id": f"https://w3id.org/ro/crate/{SPECIFICATION}"},
            {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"},
        ]

    def source(self, source: Mapping[str, Any]) -> Any:
        """A source of images, which is no part of the crate."""
        return self.entity(
            f"#source-{quote(source['name'])}",
            "Dataset",
            name=source["name"],
            description=f"{source['files']} files, {source['bytes']} bytes ({source['kind']})",
            url=source.get("url"),
            version=source.get("revision"),
            license=source.get("licence"),
            creditText=source.get("citation"),
            identifier=f"sha256:{source['content_hash']}",
        )

    def result(self, path: str) -> Any:
        """A result by its path below the folder of results: a part of the crate, or beside it."""
        study, _, below = path.partition("/")
        if study != self.run.study:
            name = below.partition("/")[0].removesuffix(".json").removesuffix(".obtained")
            known = self.crate.dereference(f"#source-{quote(name)}")
            return known or self.entity(f"#shared-{quote(path)}", "CreativeWork", name=path)
        return self.part(below)

    def part(self, below: str, **more: Any) -> Any:
        """A file or folder of the study, with its size and hash, and more properties."""
        path, name = self.folder / below, quote(below)
        if path.is_dir():
            known = self.crate.dereference(f"{name}/")
            sizes = [file.stat().st_size for file in files_below(path)]
            words = f"{len(sizes)} files, {sum(sizes)} bytes"
            folder = {"name": below, "description": words}
            return known or self.crate.add_dataset(dest_path=name, properties=folder)
        known = self.crate.dereference(name)
        if known is not None:
            return known
        properties = {"name": below, "encodingFormat": _format(below), **more}
        if path.is_file():
            properties |= {"contentSize": str(path.stat().st_size), "sha256": file_sha256(path)}
        return self.crate.add_file(dest_path=name, properties=properties)

    def add_workflow(self, jobs: Sequence[Execution]) -> None:
        """The workflow: its main file, its parameters, and a step and a tool for each rule."""
        found, day = commit()
        language = self.entity(
            "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
            "ComputerLanguage",
            name="Snakemake",
            identifier={"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
            url={"@id": "https://snakemake.github.io"},
        )
        config = self.parameter("config", self.run.config)
        report = self.parameter("report", self.run.report)
        kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
        main = self.part(self.run.workflow, **{"@type": kinds, "name": NAME})
        main["programmingLanguage"] = language
        main["license"] = {"@id": "https://spdx.org/licenses/MIT"}
        if found:
            main["version"], main["dateModified"] = found, day
        main["input"], main["output"] = config, report
        rules = sorted({job.receipt.rule for job in jobs})
        main["hasPart"] = _one_or_more([self.tool(rule, jobs) for rule in rules])
        steps = [self.step(rule, place) for place, rule in enumerate(rules, 1)]
        main["step"] = _one_or_more(steps)
        self.crate.root_dataset["mainEntity"] = main
        self.entity("https://spdx.org/licenses/MIT", "CreativeWork", name="MIT License")

    def parameter(self, name: str, path: str) -> Any:
        """A formal parameter of the workflow, and the file that stands for it in this run."""
        file = self.part(path)
        parameter = self.entity(
            f"#parameter-{name}",
            "FormalParameter",
            name=name,
            additionalType="File",
            conformsTo={"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"},
        )
        parameter["workExample"] = file
        file["exampleOfWork"] = parameter
        return parameter

    def tool(self, rule: str, jobs: Sequence[Execution]) -> Any:
        """What the jobs of a rule run, with the libraries that they loaded."""
        of_rule = [job.receipt for job in jobs if job.receipt.rule == rule]
        libraries = sorted({item for receipt in of_rule for item in receipt.versions.items()})
        return self.entity(
            f"#tool-{rule}",
            "SoftwareApplication",
            name=rule,
            softwareVersion=of_rule[0].code,
            softwareRequirements=[self.library(*library) for library in libraries],
        )

    def library(self, name: str, version: str) -> Any:
        """A library, or Python itself."""
        place = f"#{name}-{quote(version)}"
        return self.entity(place, "SoftwareApplication", name=name, softwareVersion=version)

    def step(self, rule: str, place: int) -> Any:
        """A rule as a step of the workflow."""
        tool = self.crate.dereference(f"#tool-{rule}")
        return self.entity(
            f"#step-{rule}", "HowToStep", name=rule, position=str(place), workExample=tool
        )

    def add_run(self, jobs: Sequence[Execution]) -> None:
        """The run of the workflow, and every job of it."""
        actions = [self.action(job) for job in jobs]
        started = [job.started for job in jobs if job.started]
        ended = [job.ended for job in jobs if job.ended]
        run = self.entity(
            "#run",
            "CreateAction",
            name=f"Run of {self.run.study}",
            instrument=self.crate.dereference(quote(self.run.workflow)),
            object=[self.part(self.run.config), *map(self.source, self.run.sources)],
            result=self.part(self.run.report),
            actionStatus=COMPLETED,
            startTime=min(started).isoformat() if started else None,
            endTime=max(ended).isoformat() if ended else None,
        )
        controls = [self.control(job, action) for job, action in zip(jobs, actions, strict=True)]
        engine = self.library("snakemake", self.run.snakemake)
        self.entity(
            "#engine-run",
            "OrganizeAction",
            name="Run of Snakemake",
            instrument=engine,
            object=controls,
            result=run,
        )
        self.crate.root_dataset["mentions"] = [run, *actions]

    def action(self, job: Execution) -> Any:
        """One job: what it read and wrote, and when."""
        return self.entity(
            f"#job-{_slug(job)}",
            "CreateAction",
            name=job.name,
            instrument=self.crate.dereference(f"#tool-{job.receipt.rule}"),
            object=_once(map(self.result, job.receipt.inputs)),
            result=_once(map(self.result, job.receipt.outputs)),
            actionStatus=COMPLETED,
            startTime=job.started.isoformat() if job.started else None,
            endTime=job.ended.isoformat() if job.ended else None,
        )

    def control(self, job: Execution, action: Any) -> Any:
        """That a step of the workflow was one job."""
        step = self.crate.dereference(f"#step-{job.receipt.rule}")
        return self.entity(
            f"#control-{_slug(job)}",
            "ControlAction",
            name=f"Step {job.name}",
            instrument=step,
            object=action,
        )


def _slug(job: Execution) -> str:
    """A job's name as a part of an identifier, apart from jobs of other studies."""
    return quote(PurePosixPath(job.receipt.log).with_suffix("").as_posix(), safe="/.")


def _one_or_more(entities: list[Any]) -> Any:
    """A single value as itself, as the specification has it."""
    return entities[0] if len(entities) == 1 else entities


def _once(entities: Iterable[Any]) -> list[Any]:
    """Entities without those that came before."""
    return list({entity.id: entity for entity in entities}.values())


def _format(path: str) -> str:
    """The media type of a file by its name."""
    known = {".parquet": "application/vnd.apache.parquet", ".md": "text/markdown"}
    guessed = mimetypes.guess_type(path)[0]
    return known.get(PurePosixPath(path).suffix) or guessed or "application/octet-stream"


def _licences(sources: Sequence[Mapping[str, Any]]) -> str:
    """Under which terms the images of each source are."""
    words = [f"{source['name']}: {source.get('licence') or 'not stated'}" for source in sources]
    return "; ".join(words) or "The features' own, which are not stated."
