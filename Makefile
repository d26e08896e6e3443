# Every target first sees to .venv: made when missing, remade when requirements.lock has changed.

SHELL := /bin/bash
PYTHON = $(firstword $(foreach name,python3.11 python3 python,$(shell \
	$(name) -c 'import sys; sys.version_info[:2] == (3, 11) and print(sys.executable)' 2>/dev/null)))
# No full stop: make adds one.
NEEDS_PYTHON := Please install Python 3.11 (with its venv module): iNNvestigate and TensorFlow 2.14 \
	do not run on a later Python, pandas 3 does not run on an earlier one

.DEFAULT_GOAL := help
.PHONY: help replicate baseline seeds bfloat16 test bench reliability audit lint format docs lock clean

help: ## list these targets
	@sed -nE 's/^([a-z0-9]+):.*## (.*)/make \1|\2/p' Makefile | while IFS='|' read -r target what; do \
		printf '%-16s %s\n' "$$target" "$$what"; done

replicate: .venv/.stamp ## fill Table 1; more options by ARGS="--profile smoke --data-dir DIR"
	.venv/bin/python cli.py replicate --all $(ARGS)

# The run may end NOT_BLESSED; keeping it asks for what a baseline needs.
baseline: .venv/.stamp ## train the reference weights anew and keep them (committed code only)
	-.venv/bin/python cli.py replicate --all --fresh --run baseline
	.venv/bin/python cli.py keep-baseline artifacts/runs/baseline

seeds: .venv/.stamp ## train with five seeds, keep their spread and the bands from it
	-.venv/bin/python cli.py replicate --all --seeds 5
	cp artifacts/runs/surrogate-cpu-seeds-0-to-4/seeds.* artifacts/baselines/
	.venv/bin/python cli.py derive-bands artifacts/baselines/seeds.json

bfloat16: .venv/.stamp ## train the same five seeds in float32, and lay both out
	-.venv/bin/python cli.py sweep --seeds 5 --profile cpu-float32 --until 06_evaluated
	cp artifacts/runs/surrogate-cpu-float32-seeds-0-to-4/seeds.json artifacts/baselines/seeds-float32.json
	.venv/bin/python cli.py compare-seeds artifacts/baselines/seeds-float32.json \
		artifacts/baselines/seeds.json docs/bfloat16.md

test: lint ## lint, then the fast tests; one file by ARGS=tests/test_layers.py
	.venv/bin/python -m pytest -n auto --dist loadfile -m "not slow and not paper" $(ARGS)

bench: .venv/.stamp ## measure speed and memory beside others, write docs/performance.md
	.venv/bin/python -m tests.benchmarks $(ARGS)

reliability: .venv/.stamp ## measure all of docs/reliability.md anew (an hour)
	RELIABILITY_PAGE=docs/reliability.md .venv/bin/python -m pytest tests/reliability $(ARGS)

audit: .venv/.stamp ## look for known holes in this code and in the pins (needs the net)
	.venv/bin/bandit --quiet --configfile pyproject.toml --recursive cli.py setup.py keras_models replication validation
	.venv/bin/pip-audit --requirement requirements.lock --disable-pip --strict $(ARGS)

lint: .venv/.stamp ## check style and format, change nothing
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

format: .venv/.stamp ## mend style and format
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# Material tells with every build that it ends in 2027.
docs: .venv/.stamp ## build the documentation into build/docs, links checked; it reads offline
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
	@echo "Open build/docs/index.html"

# Every package of the lock is hashed, so any index may serve it; no index is named in it.
lock: .venv/.stamp ## remake requirements.lock from setup.py; newer files by ARGS=--upgrade
	.venv/bin/uv pip compile setup.py --extra dev --quiet --generate-hashes \
		--python-version 3.11 --python-platform x86_64-manylinux_2_28 \
		--custom-compile-command "make lock" --output-file requirements.lock $(ARGS)

clean: ## remove .venv and the caches of the tools; results stay
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis *.egg-info build

# Two steps, so that a change of setup.py alone costs seconds and not a new environment. Python
# compiles what it imports; to compile all that is installed takes pip about as long as the rest.
.venv/.stamp: .venv/.locked setup.py
	.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.locked: requirements.lock
	$(if $(PYTHON),,$(error $(NEEDS_PYTHON)))
	"$(PYTHON)" -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --no-deps --no-compile --require-hashes -r requirements.lock
	@touch $@
