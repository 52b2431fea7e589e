# With only Python >= 3.11, pip, make and git: `make demo`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock clean

help: ## Show the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): requirements.lock .ci/bootstrap.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fanout needs Python 3.11 or newer; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/bootstrap.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY) ## Set up and run the quickstart sweep on the simulated model
	$(BIN)/fanout run quickstart

test: $(READY) ## Set up and run the whole test suite
	$(BIN)/python -m pytest

check: $(READY) ## Lint, format, types and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/marimo check --strict experiments/notebooks/*.py

bench: $(READY) ## Measure speed beside a bare LangGraph loop, the checker, coverage and false positives
	$(BIN)/python -m experiments.bench
	$(BIN)/python -m results.conflicts.bench
	$(BIN)/python -m experiments.dependency_bench
	$(BIN)/python -m results.statistics.coverage
	$(BIN)/python -m experiments.false_positives

lock: $(READY) ## Make the hash-pinned requirements anew
	$(BIN)/uv pip compile pyproject.toml --universal --all-extras --group dev --generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock

clean: ## Remove the environment
	rm -rf $(VENV)
