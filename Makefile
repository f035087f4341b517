# SPDX-License-Identifier: Apache-2.0
# `make plan` and `make test` do all the set-up; `make help` names the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

STUDY ?= base
OUT ?= runs/$(STUDY)

# Debian packages that tests need; the target `debian` looks for what they bring:
# LibreOffice goes by either of two names, and `command -v` takes the one it finds.
DEBIAN_PACKAGES := chromium g++ libreoffice-calc

SOURCES := $(shell git ls-files optimizer gpu models sites 2>/dev/null)

.PHONY: help plan test golden lint format install dev debian clean

help: ## Show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

plan: $(VENV)/installed ## Install, plan the bundled company study, name the report
	$(BIN)/wattplan plan $(STUDY) --out $(OUT) --force
	$(BIN)/wattplan screen $(OUT) --reoptimise 0 --top 8
	@echo "Report: $(OUT)/report.html"

test: $(VENV)/tested debian ## Install what tests need and run them all
	$(BIN)/pytest -n auto --dist worksteal $(PYTEST_ARGS)

golden: $(VENV)/tested ## Write the reviewed files of tests/golden again: read the difference
	$(BIN)/pytest tests/golden --refresh-golden

lint: $(VENV)/tested ## Check style, types and the layer rule
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/tested ## Rewrite the code in the common style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

install: $(VENV)/installed ## Install Wattplan into .venv

dev: $(VENV)/python ## Install so that edits act at once
	$(PIP) install -c constraints.txt -e '.[test]'
	touch $(VENV)/editable $(VENV)/installed $(VENV)/tested

clean: ## Remove the environment and caches; runs stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Wattplan needs Python 3.11 or newer; name one with PYTHON=..." >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "No venv module: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

# An editable installation sees edits by itself; another is made again after them.
$(VENV)/installed: $(VENV)/python pyproject.toml constraints.txt $(SOURCES)
	@[ -e $(VENV)/editable ] || { echo "Installing Wattplan into $(VENV)"; \
		$(PIP) install -c constraints.txt .; }
	@touch $@

$(VENV)/tested: $(VENV)/installed
	@[ -e $(VENV)/editable ] || { echo "Installing the test tools"; \
		$(PIP) install -c constraints.txt '.[test]'; }
	@touch $@

debian:
	@if command -v chromium >/dev/null && command -v g++ >/dev/null && \
		command -v soffice libreoffice >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing $(DEBIAN_PACKAGES)"; \
		export DEBIAN_FRONTEND=noninteractive; \
		if apt-get -qq update && apt-get -qq install -y --no-install-recommends \
			$(DEBIAN_PACKAGES) >/dev/null; then exit 0; fi; \
		echo "apt-get failed; tests that need these are skipped and counted." >&2; \
	else \
		echo "Tests that need these are skipped and counted; to run them:" >&2; \
		echo "  sudo apt-get install $(DEBIAN_PACKAGES)" >&2; \
	fi
