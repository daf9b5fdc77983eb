# make          the environment, then the default study
# make test     the environment, then every test
# make check    lint, format, types, workflow lint, schema and documents
# Extra arguments of snakemake: make SNAKEMAKE_ARGS="--cores 4"

PYTHON ?= python3
SNAKEMAKE_ARGS ?= --cores all
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# uv installs the locked packages; where it is missing, pip puts it into the environment.
UV := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := study
.PHONY: study test check clean help lock docs rulegraph

study: $(READY) ## environment, then the default study
	@$(BIN)/snakemake $(SNAKEMAKE_ARGS)

# Unit tests take one core each. The page's are timed, so that nothing runs beside them. Whole studies
# run two at a time, a file's tests in one process: those on SLURM, which come first, mostly wait.
test: $(READY) ## environment, then every test
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 tests/unit
	@$(BIN)/python -m pytest tests/browser
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/slurm tests/workflow

check: $(READY) ## ruff, mypy, floors of the library, snakefmt, snakemake --lint, schema and documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=workflow/scripts $(BIN)/lint-imports --no-cache
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint
	PYTHONPATH=workflow/scripts $(BIN)/python -m cxr.config.reference --check

docs: $(READY) ## write the config's schema and reference table anew
	PYTHONPATH=workflow/scripts $(BIN)/python -m cxr.config.reference

rulegraph: $(READY) ## draw the rules anew into workflow/report/rulegraph.svg (needs graphviz)
	$(BIN)/snakemake --quiet all --rulegraph dot | dot -Tsvg > workflow/report/rulegraph.svg

lock: ## resolve the dependencies anew into requirements.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet --upgrade -o requirements.lock

clean: ## remove the results and the environment
	rm -rf $(VENV) .snakemake .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +

help: ## these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: $(PYTHON) is older than 3.11; run make PYTHON=python3.12" >&2; exit 1; }
	@rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
ifeq ($(UV),)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
else
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
endif
	@touch $(READY)
