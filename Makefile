# Every target does its own set-up first. Arguments: make demo ARGS=--exit
.PHONY: help setup setup-tests demo serve test test-sqlite test-postgresql test-browser lint review format lock vendor bench clean
.DEFAULT_GOAL := help
ARGS ?=
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The environment holds a copy of the agent, because the agent's package lies elsewhere in the tree.
AGENT := $(shell find profiler/agent/lockgate_agent -name '*.py')
# Folders whose tests open no database run once.
WITHOUT_DATABASE := --ignore=tests/architecture --ignore=tests/analyzers --ignore=tests/pipelines/builds --ignore=tests/service/test_blobs.py
ON_SQLITE = $(BIN)/python -m pytest -m "not browser"
ON_POSTGRESQL = LOCKGATE_TEST_DATABASE=postgresql $(BIN)/python -m pytest -m "not browser and not anydb" $(WITHOUT_DATABASE)
# Compiled bytecode is what makes the service start in time.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(VENV)/.ready ## virtual environment and system packages

setup-tests: $(VENV)/.ready-tests ## the same with all that the tests need

demo: setup ## the whole release path on a sample project
	$(BIN)/lockgate demo $(ARGS)

serve: setup ## the service on port 8642
	$(BIN)/lockgate serve $(ARGS)

test: setup-tests ## all tests but the browser's, on SQLite and PostgreSQL side by side
	@set +e; $(ON_POSTGRESQL) $(ARGS) > $(VENV)/postgresql.log 2>&1 & other=$$!; \
	$(ON_SQLITE) $(ARGS); first=$$?; wait $$other; second=$$?; \
	echo; echo "The same on PostgreSQL:"; cat $(VENV)/postgresql.log; exit $$((first ? first : second))

test-sqlite: setup-tests ## the tests on SQLite alone
	$(ON_SQLITE) $(ARGS)

test-postgresql: setup-tests ## those that use a database, on PostgreSQL alone
	$(ON_POSTGRESQL) $(ARGS)

test-browser: setup-tests ## every page in Chromium, with an accessibility check
	$(BIN)/python -m pytest -m browser $(ARGS)

lint: setup-tests ## style, types, import contracts, size limits
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

review: setup ## our own tree by our own reviewer; known files come from its cache
	$(BIN)/lockgate review . $(ARGS)

format: setup-tests ## sorts imports and mends what ruff can mend
	$(BIN)/ruff check --fix .

lock: setup-tests ## new versions of the dependencies, hashed, without addresses
	.ci/lock

vendor: setup ## fetches the front-end files again
	$(BIN)/python -m service.web.vendor

bench: setup-tests ## the numbers of docs/benchmarks.md
	$(BIN)/python -m benchmarks $(ARGS)

clean: ## removes what set-up and runs made
	rm -rf $(VENV) .lockgate dist build

$(VENV)/.uv: requirements-uv.lock
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-uv.lock
	touch $@

$(VENV)/.ready: $(VENV)/.uv requirements.lock pyproject.toml $(AGENT)
	.ci/system-packages bubblewrap
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.ready-tests: $(VENV)/.ready requirements-dev.lock requirements-clients.lock requirements-pdm.lock .ci/npm/package-lock.json
	.ci/system-packages bubblewrap chromium postgresql
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements-dev.lock
	.ci/test-clients
	touch $@
