# What a newcomer types. `make help` lists it. Needs make and Python 3.11 or newer with venv; nothing else.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
CONFIG ?= onethread.yaml
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$each; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help install install-dev run demo test attack check docs bench bench-one lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

install: $(VENV)/installed ## Make .venv and install onethread, as the lock file says

install-dev: $(VENV)/installed-dev ## The same, with what tests and checks need

run: install ## Serve the hub; writes a first onethread.yaml where there is none
	@test -e $(CONFIG) || $(BIN)/onethread init --config $(CONFIG)
	@exec $(BIN)/onethread serve --config $(CONFIG)

demo: install ## A hub between simulated providers, with a customer on four channels
	@exec $(BIN)/onethread demo $(ARGS)

test: install-dev ## Run the tests
	$(BIN)/pytest $(ARGS)

attack: install-dev ## Try to break the promises, with a hundred thousand messages and damaged mails
	TEST_ATTACK=long $(BIN)/pytest tests/attack $(ARGS)
	TEST_EVENTS=1000000 $(BIN)/pytest tests/postgresql/test_many_writers.py $(ARGS)
	TEST_MUTATIONS=100000 $(BIN)/pytest tests/channels/email/test_email_fuzz.py $(ARGS)

check: install-dev ## Lint, format, types, imports, generated pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.reference --check

docs: install-dev ## Write docs/reference anew from the code
	$(BIN)/python -m scripts.reference

bench: install-dev ## Measure everything (needs RabbitMQ, PostgreSQL and wrk; a quarter of an hour) and print one table
	$(BIN)/python -m benchmarks.table

bench-one: install-dev ## Measure one: make bench-one NAME=history ARGS='--sizes 10000 10000000'
	@test -n "$(NAME)" || { echo "which one? make bench-one NAME=history" >&2; exit 2; }
	$(BIN)/python -m benchmarks.table $(NAME) --with="$(ARGS)"

lock: ## Resolve the lock files anew (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH; nothing else does." >&2; exit 1; }
	uv pip compile pyproject.toml -o requirements.lock --generate-hashes --no-header --python-version 3.11 --universal
	uv pip compile pyproject.toml -o requirements-dev.lock --group dev -c requirements.lock \
		--generate-hashes --no-header --python-version 3.11 --universal

clean: ## Remove .venv and what tools left; keeps onethread.yaml, the store and files
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: nothing is installed again until a lock file or pyproject.toml changes.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "onethread needs Python 3.11 or newer, and none was found." >&2; \
		echo "Install it (Debian, Ubuntu: apt-get install python3 python3-venv), or name one: make PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) lacks its venv module. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@
