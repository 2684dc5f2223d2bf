# Gege: one command each. They work from a bare clone with CPython 3.11, git and make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Lint, types and tests take turns: two cores are few, and the closing line must be the tests'.
.NOTPARALLEL:

export UV_PYTHON_DOWNLOADS := never
export RASA_TELEMETRY_ENABLED := false
# Where the shell forbids bytecode every command would compile Rasa anew (nine seconds instead of three).
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(CURDIR)/.tools/bin:$(HOME)/.local/bin:$(PATH)

VENV := $(or $(UV_PROJECT_ENVIRONMENT),.venv)
STAMP := $(VENV)/.gege-ready
RUN := uv run --no-sync
# Two processes of tests, a file at a time and in order, so that the longest does not come last (JOBS=0: one process).
JOBS := 2
WORKERS = -n $(JOBS) --dist loadfile --no-loadscope-reorder
OPEN := --open
SBOM := dist/gege.cdx.json

.PHONY: help demo run test quick lint types setup train sample packages sbom audit licences release

help:
	@echo "make demo    one spoken call end to end: what was heard, said, logged and handed over"
	@echo "make run     the service on http://localhost:8080 with a sample county, opened in a browser (OPEN= does not)"
	@echo "make test    lint, types and the whole test suite"
	@echo "make quick   what to run before a commit: lint and the tests that are not slow"
	@echo "make lint    ruff, its format, who may import whom, half and full width, Rasa's data (make types: mypy)"
	@echo "make setup   the locked environment in $(VENV) (the others do this when it is missing)"
	@echo "make audit   what is known of what a site installs (OSV), where an advisory source is reached"
	@echo "make sbom    what a site installs, with versions and hashes, as CycloneDX: $(SBOM)"
	@echo "make release the archive that installs without git, its checksum, SBOM and licences: dist/"

# ---- what people run -----------------------------------------------------------------------------

# Both first make what is missing, the sample county beside the dialogue model.
demo: setup
	@$(RUN) gege demo

# OPEN= opens no browser.
run: setup
	@$(RUN) gege serve --sample $(OPEN)

test: packages lint types audit train
	$(RUN) pytest -q -rsfE --durations=5 $(WORKERS)

quick: lint train
	$(RUN) pytest -q -m "not slow" $(WORKERS)

# ---- what those need -----------------------------------------------------------------------------

setup: $(STAMP)

# The stamp lives in the environment: who removes the environment gets a new one.
$(STAMP): pyproject.toml uv.lock
	@scripts/bring-uv
	@echo "setup: the locked environment (0.7 GB; a minute or two the first time, seconds from this machine's cache) …"
	@scripts/sync
	@touch $@
	@echo "setup: ready"

# Both look first and do nothing when there is nothing to do.
train: setup
	@$(RUN) gege train

sample: setup
	@$(RUN) gege sample

lint: setup
	$(RUN) ruff check .
	$(RUN) ruff format --check --quiet .
	$(RUN) lint-imports --no-cache
	$(RUN) python -m tools.lint.widths
	$(RUN) gege rasa data validate --fail-on-warnings --quiet

types: setup
	$(RUN) mypy

packages:
	@scripts/test-packages

audit:
	@scripts/audit

# ---- what leaves the house -----------------------------------------------------------------------

sbom: setup
	@mkdir -p $(dir $(SBOM))
	@uv export --quiet --locked --no-dev --format cyclonedx1.5 --preview-features sbom-export -o $(SBOM) >/dev/null
	@echo "sbom: $(SBOM)"

licences: setup
	@$(RUN) python -m tools.release.licences >docs/licences.md.new
	@mv docs/licences.md.new docs/licences.md

release: setup
	@$(RUN) python -m tools.release
