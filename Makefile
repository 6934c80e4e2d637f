# Every job of a developer is a word here; `make help` lists them. The virtual environment .venv is made by the first
# target that needs it, and brought up to date when pyproject.toml changes.

BIN := .venv/bin
MADE := .venv/.made
CODE := $(wildcard src tests scripts docs examples bench fuzz hatch_build.py)
# How many tests run at once; `make test JOBS=0` runs them one by one in this process.
JOBS ?= auto
# More words for pytest: make tests ARGS="-k uidplus -x"
ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.PHONY: help demo test tests lint format types generated layers compiled docs bench bench-quick bench-growth fuzz clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1  \2/p' Makefile

$(MADE): pyproject.toml scripts/make_venv
	@scripts/make_venv

demo: $(MADE)  ## start a server with a sample account and tour it with the client
	@$(BIN)/imapkit demo

# The tests come last, so that the last line printed is the test runner's own.
test: lint types generated docs tests  ## everything CI checks: format, lint, types, generated files, docs, layers, tests

tests: $(MADE)  ## the tests alone
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal $(ARGS)

lint: $(MADE)  ## format and lint, checked
	@$(BIN)/ruff format --quiet --check $(CODE) || { echo "make format mends these:"; $(BIN)/ruff format --check $(CODE); exit 1; }
	@$(BIN)/ruff check --quiet $(CODE)

format: $(MADE)  ## format and lint, mended where a tool can
	@$(BIN)/ruff check --quiet --fix $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

types: $(MADE)  ## mypy --strict
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/mypy --no-error-summary scripts

generated: $(MADE)  ## compare every generated file with its source (write them: scripts/generate.py)
	@$(BIN)/python scripts/generate.py --check

layers: $(MADE)  ## imports point down only
	@$(BIN)/python -m pytest -q -p no:randomly tests/house/test_layers.py

compiled: $(MADE)  ## a wheel compiled by mypyc, in build/, and the tests of the core against it
	@scripts/compiled

docs: $(MADE)  ## the documentation, in docs/_build
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build

bench: $(MADE)  ## all measurements (long), into bench/RESULTS.md
	@$(BIN)/python -m bench

bench-quick: $(MADE)  ## a short run of the measurements
	@$(BIN)/python -m bench --quick

bench-growth: $(MADE)  ## the same figures at 10,000 to 1,000,000 messages (half an hour), into bench/RESULTS.md
	@$(BIN)/python -m bench.growth --write

fuzz: $(MADE)  ## every fuzz target for a while
	@$(BIN)/python -m fuzz

clean:  ## remove what was made, .venv too
	@rm -rf .venv docs/_build build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
