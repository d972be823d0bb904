# Two commands do everything: `make serve` and `make test`. Both set up .venv by themselves.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PORT ?= 5000

# With COVERAGE=1 the tests also measure which branches of openrest/ they take.
ifdef COVERAGE
PYTEST := $(BIN)/python -m coverage run -m pytest
else
PYTEST := $(BIN)/python -m pytest
endif

.PHONY: serve test lint docs bench clean

serve: .venv/.run
	@$(BIN)/openrest run examples.tweets:app --port $(PORT)

test: .venv/.dev
	@$(PYTEST) -q -n 2

lint: .venv/.dev .venv/.docs .venv/.bench
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy openrest tests examples
	$(BIN)/pyright --pythonpath $(BIN)/python examples
	$(BIN)/lint-imports

docs: .venv/.dev .venv/.docs
	$(BIN)/mkdocs build --strict

bench: .venv/.run .venv/.bench
	$(BIN)/python -m benchmarks.bench
	$(BIN)/python -m benchmarks.start

# A stamp for each set of dependencies, so that a second call starts at once.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.run: .venv/bin/python pyproject.toml
	@echo "Installing openrest into .venv ..."
	@$(PIP) install --editable .
	@touch $@

.venv/.%: .venv/bin/python pyproject.toml
	@echo "Installing what '$*' needs into .venv ..."
	@$(PIP) install --editable '.[$*]'
	@touch $@

clean:
	rm -rf .venv build dist site .coverage* .mypy_cache .pytest_cache .ruff_cache
