# Muster. `make` alone lists the targets.
# Recipes begin with `exec` so that a signal to make reaches the program itself and not a shell in between.

PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
LAUNCHER := $(VENV_PYTHON) -m config.dev
COMPILE := .venv/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header -q
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format docs lock bench clean

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

setup: ## Create .venv from the hashed lock (done again only when the lock changed)
	@command -v "$(PYTHON)" >/dev/null || { echo "muster: $(PYTHON) is not installed: install Python 3.11 or newer, or say make PYTHON=…" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "muster: Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is $$("$(PYTHON)" -V 2>&1): say for instance make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" config/dev/setup.py

run: setup ## Start everything with a demo tenant and simulated devices (PORT=8000 DEVICES=12)
	@exec $(LAUNCHER) run

test: setup ## Run the whole suite against services of its own (ARGS="tests/devices -k name")
	@exec $(LAUNCHER) test $(ARGS)

lint: setup ## Lint, types, import contract, migrations, OpenAPI document, deployment checks
	@exec $(LAUNCHER) check $(ARGS)

format: setup ## Reformat the code
	@$(VENV_PYTHON) -m ruff check --fix --quiet . || true
	@exec $(VENV_PYTHON) -m ruff format .

docs: setup ## Write docs/commands.md and the settings of docs/blueprints.md out of the code
	@$(VENV_PYTHON) manage.py list_commands --format markdown --output docs/commands.md
	@$(VENV_PYTHON) manage.py list_settings --output docs/blueprints.md

lock: setup ## Compile requirements/*.txt from pyproject.toml
	$(COMPILE) -o requirements/base.txt
	$(COMPILE) --extra s3 -o requirements/s3.txt
	$(COMPILE) --extra s3 --group dev -o requirements/dev.txt

bench: setup ## Print the figures of bench/ (ARGS=…)
	@exec $(LAUNCHER) services --throwaway $(VENV_PYTHON) -m bench $(ARGS)

clean: ## Remove the demo's data and all caches (keeps .venv)
	@if [ -s var/run.lock ] && kill -0 "$$(cat var/run.lock)" 2>/dev/null; then echo "muster: process $$(cat var/run.lock) is running here: stop it first." >&2; exit 1; fi
	rm -rf var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
