# Two commands do everything: `make serve` and `make test`. Both set up .venv by themselves.

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
HOST ?= 127.0.0.1
PORT ?= 5000
# Which tests, and other options of pytest: make test ARGS='tests/cli -x'
ARGS ?=

# A third of the time a test waits for a server, a disk or a browser.
export PYTEST_XDIST_AUTO_NUM_WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) \* 3 / 2)

export FUZZ_SECONDS ?= inf

# With COVERAGE=1 the tests also measure which branches of openrest/ they take.
ifdef COVERAGE
PYTEST := $(BIN)/python -m coverage run -m pytest
else
PYTEST := $(BIN)/python -m pytest
endif

.PHONY: serve test fuzz lint audit docs bench screenshot clean

serve: .venv/.run
	@exec $(BIN)/openrest run examples.tweets:app --host $(HOST) --port $(PORT)

test: .venv/.dev
	@$(PYTEST) -q -rs -n auto --dist worksteal $(ARGS)

# Draws models until Ctrl+C, or for so many seconds: make fuzz FUZZ_SECONDS=60
fuzz: .venv/.dev
	@$(BIN)/python -W error -m tests.models.drawn.fuzz

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy openrest tests examples
	$(BIN)/pyright --pythonpath $(BIN)/python examples
	$(BIN)/lint-imports

# Known mistakes in the code, and known vulnerabilities in what it stands on.
audit: .venv/.dev
	@$(BIN)/python -m tests.code_audit

docs: .venv/.docs
	$(BIN)/mkdocs build --strict

bench: .venv/.bench
	$(BIN)/python -m benchmarks.bench
	$(BIN)/python -m benchmarks.start

# The picture in the README, by a real Chromium.
screenshot: .venv/.dev
	$(BIN)/python -m tests.browser.screenshot

clean:
	rm -rf .venv build dist site .coverage* .mypy_cache .pytest_cache .ruff_cache

# A stamp for each set of dependencies, so that a second call starts at once.
.venv/.made:
	@for python in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Making .venv with $$python ..."; \
	        "$$python" -m venv .venv || exit 1; \
	        touch $@; exit 0; \
	    fi; \
	done; \
	echo "openrest needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3" >&2; exit 1

.venv/.run: .venv/.made pyproject.toml
	@echo "Installing openrest into .venv ..."
	@$(PIP) install --editable .
	@touch $@

.venv/.%: .venv/.made pyproject.toml
	@echo "Installing what '$*' needs into .venv ..."
	@$(PIP) install --editable '.[$*]'
	@touch $@
