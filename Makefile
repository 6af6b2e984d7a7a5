# `make run` and `make test` need Python 3.11 with its venv module, and make; the rest they install.
PYTHON ?= python3
BIN := .venv/bin
ALONE := .venv/.alone
INSTALLED := .venv/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test fuzz live lint format build docs pictures clean

run: $(ALONE)
	$(BIN)/replay run traces/

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto

fuzz: $(INSTALLED)
	$(BIN)/python -m pytest -n auto -m fuzz

live: $(INSTALLED)
	$(BIN)/python -m pytest -n auto -m live

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

build: $(INSTALLED)
	$(BIN)/python -m build --wheel

docs: $(INSTALLED)
	$(PIP) --editable '.[docs]'
	$(BIN)/python -m sphinx -W -q docs build/site

pictures: $(INSTALLED)
	$(BIN)/python -m tests.pictures

clean:
	rm -rf .venv .venv-* .cache build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find replay tests -name __pycache__ -prune -exec rm -rf {} +

# On an existing .venv, `venv` only mends what is missing.
$(ALONE): pyproject.toml
	@echo "Installing replay into .venv"
	@$(PYTHON) -m venv .venv
	@$(PIP) --editable .
	@touch $@

$(INSTALLED): $(ALONE)
	@echo "Installing what the tests need into .venv; this takes about a minute"
	@$(PIP) --editable '.[dev]'
	@touch $@
