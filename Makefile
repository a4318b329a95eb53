# Two commands do everything on a fresh machine: `make run` and `make test`.
# `make check` is what CI runs, without the set-up.
.PHONY: run test check setup format lint types unit differential fuzz kill-matrix kill-matrix-full clean
SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

run: $(STAMP)
	$(BIN)/harness run $(ARGS)

test: $(STAMP) check

check: lint types unit

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types:
	$(BIN)/mypy harness tests benchmarks

unit:
	$(BIN)/python -m pytest -n $(or $(JOBS),2) --dist worksteal $(PYTEST_ARGS)

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# every rewrite of the Schematron engine beside none, on the corpus and 2,000 mutants; goes on where it was interrupted
differential: $(STAMP)
	$(BIN)/python -m benchmarks.differential --jobs $(or $(JOBS),2) $(ARGS)

# the scenario catalogue against the right system and every declared fault of it; writes docs/kill-matrix.md
kill-matrix: $(STAMP)
	$(BIN)/python -m benchmarks.kill_matrix --jobs $(or $(JOBS),2) $(ARGS)

kill-matrix-full: $(STAMP)
	$(BIN)/python -m benchmarks.kill_matrix --full --state runs/kill-matrix-full.jsonl --jobs $(or $(JOBS),2) $(ARGS)

# 10,000 altered messages, each read and judged; goes on where it was interrupted
fuzz: $(STAMP)
	$(BIN)/python -m benchmarks.fuzz --jobs $(or $(JOBS),2) $(ARGS)

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt .ci/find-python
	@python=$$(sh .ci/find-python) && \
	echo "setting up $(VENV) with $$python" && \
	if [ ! -x $(BIN)/python ]; then "$$python" -m venv $(VENV); fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@touch $(STAMP)

clean:
	rm -rf $(VENV) runs .mypy_cache .ruff_cache
