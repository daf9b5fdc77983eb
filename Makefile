# make          set up the environment, run the default study
# make test     set up the environment, run every test
# make check    lint, format, types, import contracts, workflow lint, config schema and reference
# Extra arguments of snakemake: make SNAKEMAKE_ARGS="--cores 4"; of the mutation tests: MUTATION_ARGS

PYTHON ?= python3
SNAKEMAKE_ARGS ?= --cores all
MUTATION_ARGS ?=
# A study by its name in config/studies or by its file; a folder or table of your own.
STUDY ?=
DATA ?=
QUICK ?=
# make clean FORCE=1 deletes results without asking.
FORCE ?=
export STUDY DATA
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ENCODERS := $(VENV)/.encoders
DOCS := $(VENV)/.docs
SUPPLY := $(VENV)/supply
LOCKS := requirements.lock requirements-encoders.lock requirements-docs.lock
SBOM ?= sbom.cdx.json
SBOM_ARGS ?=
# A folder may have the name of its study.
STUDY_FILE = $(if $(filter %.yaml %.yml %.json,$(STUDY)),$(STUDY),config/studies/$(STUDY).yaml)

# Bytecode is compiled at a module's first import and kept; all of it, at once, would take a minute.
export PYTHONDONTWRITEBYTECODE :=

# uv installs the locked packages; where it is missing, pip puts it into the environment.
UV := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := study
.PHONY: study init check-data encoders test check mutation clean help lock audit sbom docs pictures reference rulegraph

# The numerical functions are compiled once a machine, before two jobs would each compile them.
study: $(READY) ## set up the environment, run the default study, or STUDY=name; QUICK=1 for a first look
	@PYTHONPATH=workflow/scripts $(BIN)/python -m cxr.evidence.kernels & trap "kill $$! 2>/dev/null" EXIT; \
	$(BIN)/snakemake $(if $(STUDY),--configfile $(STUDY_FILE)) $(SNAKEMAKE_ARGS) \
		$(if $(QUICK),--config quick=true)

init: $(READY) ## look at DATA=FOLDER or a table and write a study file for it (STUDY=name)
	@PYTHONPATH=workflow/scripts $(BIN)/python -m cxr.intake.init "$$DATA" $(if $(STUDY),--study "$$STUDY")

check-data: $(READY) ## say what STUDY=name uses of its data, and what it leaves out and why
	@PYTHONPATH=workflow/scripts $(BIN)/python -m cxr.intake.check "$$STUDY"

encoders: $(ENCODERS) ## add the packages that the config's `encoders` need to the environment

# Unit tests take one core each. Beside timed ones nothing runs. The others, of whole studies and of
# their pages, run two at a time, a file's tests in one process, the longest files first. The finished
# study that many tests read is run once for all of them.
test: $(ENCODERS) $(DOCS) $(SUPPLY)/.ready ## set up the environment, run every test
	@runs=$$(mktemp -d) && trap 'rm -rf "$$runs"' EXIT && export CXR_RUNS="$$runs" && \
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 tests/unit && \
	$(BIN)/python -m pytest -m timed tests/browser && \
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not timed" \
		tests/slurm tests/workflow tests/browser

mutation: $(READY) ## count the changed lines that unit tests notice (tests/mutation/README.md)
	PYTHONPATH=workflow/scripts $(BIN)/python -m tests.mutation $(MUTATION_ARGS)

check: $(ENCODERS) ## ruff, mypy, import contracts, snakefmt, snakemake --lint, config schema and reference
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=workflow/scripts $(BIN)/lint-imports --no-cache
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile rules
	$(BIN)/snakemake --lint
	PYTHONPATH=workflow/scripts $(BIN)/python -m cxr.config.reference --check

docs: $(DOCS) ## build the site of the documents, docs/build/index.html, offline; any warning is an error
	$(BIN)/sphinx-build --quiet --jobs 2 --fail-on-warning --keep-going --nitpicky \
		--conf-dir docs --doctree-dir docs/build/.doctrees . docs/build

pictures: $(READY) ## run the tutorial on synthetic images, photograph its page into docs/pictures (needs chromium)
	PYTHONPATH=workflow/scripts $(BIN)/python docs/pictures.py

reference: $(READY) ## regenerate the config's JSON Schema and table of keys
	PYTHONPATH=workflow/scripts $(BIN)/python -m cxr.config.reference

rulegraph: $(READY) ## redraw workflow/report/rulegraph.svg (needs graphviz)
	$(BIN)/snakemake --quiet all --rulegraph dot | dot -Tsvg > workflow/report/rulegraph.svg

lock: ## update the dependencies in requirements.lock and the locks beside it (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --upgrade -o requirements.lock
	uv pip compile pyproject.toml --group encoders -c requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --upgrade -o requirements-encoders.lock
	uv pip compile pyproject.toml --group docs -c requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --upgrade -o requirements-docs.lock
	uv pip compile --group pyproject.toml:supply --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --upgrade -o requirements-supply.lock
	uv pip compile tests/crate/requirements.in --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --upgrade -o tests/crate/requirements.txt

# What it can't look up is an error: without a network the tool itself would find nothing, and pass.
audit: $(SUPPLY)/.ready ## look the locked packages up among known vulnerabilities (needs the network)
	@said=$$(mktemp) && trap 'rm -f "$$said"' EXIT && \
	$(SUPPLY)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off $(LOCKS:%=-r %) 2>"$$said" || { \
		grep -q "^Traceback\|could not be audited" "$$said" \
			&& echo "error: the service that knows vulnerabilities can't be reached from here, nothing was audited:" \
				"$$(tail -n 1 "$$said")" >&2 || cat "$$said" >&2; exit 1; }

sbom: $(SUPPLY)/.ready ## list the software of the environment, with licences, in sbom.cdx.json (CycloneDX)
	$(SUPPLY)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file $(SBOM) $(SBOM_ARGS) $(BIN)/python

clean: ## remove results, environment and caches; asks before it deletes results (FORCE=1: it doesn't)
	@studies=$$(find results -mindepth 1 -maxdepth 1 ! -name README.md -exec basename {} \; | sort | xargs); \
	if [ -n "$$studies" ] && [ "$(FORCE)" != 1 ]; then \
		if [ ! -t 0 ]; then \
			echo "error: results of $$studies would be deleted; make clean FORCE=1 does it without asking" >&2; \
			exit 1; \
		fi; \
		printf 'Delete the results of %s (%s)? [y/N] ' "$$studies" "$$(du -sh results | cut -f 1)"; \
		read -r answer; \
		case "$$answer" in [yY]|[yY]es) ;; *) echo "Nothing was deleted."; exit 0 ;; esac; \
	fi; \
	rm -rf $(VENV) sbom.cdx.json docs/build docs/reference/library .snakemake .pytest_cache .ruff_cache .mypy_cache .hypothesis && \
	find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: $(PYTHON) is older than 3.11; run make PYTHON=python3.12" >&2; exit 1; }
	@rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
ifeq ($(UV),)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
else
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
endif
	@touch $(READY)

# Of all locks the versions are the same; nothing that is there is changed.
$(ENCODERS) $(DOCS): $(VENV)/.%: requirements-%.lock $(READY)
	$(or $(UV),$(BIN)/uv) pip install --quiet --python $(BIN)/python --require-hashes -r $<
	@touch $@

$(SUPPLY)/.ready: requirements-supply.lock $(READY)
	$(BIN)/python -m venv --clear --without-pip $(SUPPLY)
	$(or $(UV),$(BIN)/uv) pip install --quiet --python $(SUPPLY)/bin/python --require-hashes -r $<
	@touch $@
