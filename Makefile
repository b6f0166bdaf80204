# Targets are the same for people and for CI. `make` alone prints them.
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help: ## print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The lock is whole, so nothing is resolved: pip would take a newer release of a package that it meets with an extra
# (`coverage[toml]`), and then find no hash for it. `pip check` says whether the lock is whole indeed.
$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Python 3.11 or later is needed (with venv); set PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

setup: $(READY) ## make .venv with the locked dependencies

demo: $(READY) ## start everything and play the story of El Tari (KEEP=1 leaves it running)
	$(BIN)/pulang demo $(if $(KEEP),--keep)

test: $(READY) ## all tests but the nightly ones, against a real MongoDB and a real Kafka
	$(BIN)/python -m pytest -q -m "not nightly"

test-unit: $(READY) ## tests that need no server
	$(BIN)/python -m pytest -q -m "not integration and not nightly" tests/unit tests/property tests/contract tests/architecture

test-integration: $(READY) ## tests against the real servers
	$(BIN)/python -m pytest -q -m "not nightly" tests/integration tests/acceptance tests/chaos tests/e2e tests/property/test_runtime_stateful.py

test-nightly: $(READY) ## the long versions of the failure tests
	$(BIN)/python -m pytest -q -m nightly

lint: $(READY) ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## put the formatting right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: $(READY) ## strict types
	$(BIN)/mypy

arch: $(READY) ## who may import whom, and what every route and event must have
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture tests/contract

audit: $(READY) ## known vulnerabilities of what is locked (needs the network; AUDIT_OFFLINE=ok lets it be away), and secrets
	$(BIN)/python -m deploy.tools.audit_dependencies
	$(MAKE) --no-print-directory secrets

secrets: $(READY) ## secrets in the tree that the baseline does not know
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --baseline .secrets.baseline

bench: $(READY) ## ratios to hand-written floors, written to bench/results.json
	$(BIN)/python -m bench

docs: $(READY) ## regenerate schemas, AsyncAPI, OpenAPI and diagrams
	$(BIN)/python -m deploy.docs

lock: $(READY) ## lock the dependencies again, with hashes
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 requirements/base.in -o requirements/base.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 requirements/dev.in -o requirements/dev.txt

.PHONY: help setup demo test test-unit test-integration test-nightly lint format type arch audit secrets bench docs lock
