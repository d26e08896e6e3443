# Every target that needs .venv makes it where it is missing or older than requirements.lock.

SHELL := /bin/bash
WHEELS := --require-hashes --only-binary :all:
# Packages that have no wheel: built by the locked setuptools, not by one fetched for them.
AS_SOURCE := /^\(future\|jsonpath-rw\)==/,/\# via/
.DEFAULT_GOAL := help
# Where an environment sets it, every process compiles all that it imports: 5 s of TensorFlow's 8.
export PYTHONDONTWRITEBYTECODE :=
.PHONY: help cuda replicate card baseline seeds bfloat16 pictures test bench reliability audit lint format architecture docs lock clean

help: ## list these targets
	@sed -nE 's/^([a-z0-9]+):.*## (.*)/make \1|\2/p' Makefile | while IFS='|' read -r target what; do \
		printf '%-16s %s\n' "$$target" "$$what"; done

cuda: .venv/.stamp ## add the CUDA libraries of TensorFlow, for a GPU of NVIDIA's
	.venv/bin/python -m pip install --quiet --no-deps $(WHEELS) -r requirements-cuda.lock

replicate: .venv/.stamp ## run all stages and fill Table 1; options: ARGS="--profile smoke --data-dir DIR"
	.venv/bin/python cli.py replicate --all $(ARGS)

# One with three cases near enough, of a patient whose other images are in training.
EYE := artifacts/surrogate/115-patients-1795-images-seed-0/images-NIR/0006left/0006_L_IG_12.jpg

card: .venv/.stamp ## explain an eye of the surrogate by similar cases, privatized, from reference weights
	.venv/bin/python cli.py preprocess --from-baseline
	.venv/bin/python cli.py explain-case $(EYE) --eye left --patient 0006 --from-baseline \
		--method evidence-code-k5 $(ARGS)

# The run may end NOT_BLESSED; keep-baseline checks what a baseline needs.
baseline: .venv/.stamp ## train the reference weights again and keep them (commit the code first)
	-.venv/bin/python cli.py replicate --all --fresh --run baseline
	.venv/bin/python cli.py keep-baseline artifacts/runs/baseline

# Added to those kept, which must be of the same settings: remove artifacts/baselines/seeds.json where
# these have changed. Real eyes' numbers lie there where somebody made them.
FIRST ?= 0
LAST ?= 19
seeds: .venv/.stamp ## train with twenty seeds, keep the bands of their spread; FIRST=5 LAST=9 for five of them
	.venv/bin/python cli.py sweep --seed $(FIRST) --seeds $$(($(LAST) - $(FIRST) + 1)) --until 06_evaluated $(ARGS)
	.venv/bin/python cli.py keep-seeds artifacts/runs/surrogate-cpu-seeds-$(FIRST)-to-$(LAST)
	.venv/bin/python cli.py derive-bands artifacts/baselines/seeds.json \
		$(wildcard artifacts/baselines/seeds-real-eyes.json)

bfloat16: .venv/.stamp ## train five of these seeds in float32 and write docs/bfloat16.md
	-.venv/bin/python cli.py sweep --seeds 5 --profile cpu-float32 --until 06_evaluated
	cp artifacts/runs/surrogate-cpu-float32-seeds-0-to-4/seeds.json artifacts/baselines/seeds-float32.json
	cp artifacts/baselines/seeds.json artifacts/baselines/seeds-bfloat16.json
	.venv/bin/python cli.py compare-seeds artifacts/baselines/seeds-float32.json \
		artifacts/baselines/seeds-bfloat16.json docs/bfloat16.md

# The run may end NOT_BLESSED; the picture is refused where its Table 1 isn't the baseline's.
pictures: .venv/.stamp ## put the baseline's table and pictures into README and docs (needs Chromium)
	-.venv/bin/python cli.py replicate --all --from-baseline
	.venv/bin/python cli.py readme artifacts/runs/surrogate-cpu-baseline

test: lint ## run lint and the fast tests; one file: ARGS=tests/test_layers.py
	.venv/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow and not paper" $(ARGS)

bench: .venv/.stamp ## measure speed and memory against other libraries, write docs/performance.md
	.venv/bin/python -m tests.benchmarks $(ARGS)

reliability: .venv/.stamp ## run all reliability tests and write docs/reliability.md (an hour)
	RELIABILITY_PAGE=docs/reliability.md .venv/bin/python -m pytest tests/reliability $(ARGS)

audit: .venv/.stamp ## look for known vulnerabilities in code and packages (needs a network)
	.venv/bin/bandit --quiet --configfile pyproject.toml --recursive cli.py setup.py keras_models replication validation
	.venv/bin/pip-audit --requirement requirements.lock --disable-pip --strict $(ARGS)

lint: .venv/.stamp ## check style and format without changing files
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

format: .venv/.stamp ## correct style and format
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

architecture: .venv/.stamp ## redraw the rooms and their tree in docs/architecture.md
	.venv/bin/python tests/draw_rooms.py

# Material prints with every build that it ends in 2027.
docs: .venv/.stamp ## build the documentation into build/docs, check its links; readable offline
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
	@echo "Open build/docs/index.html"

# Every package of the locks is hashed, so any index may serve it; no index is named in them.
COMPILE = .venv/bin/uv pip compile setup.py --quiet --generate-hashes --python-version 3.11 \
	--python-platform x86_64-manylinux_2_28 --custom-compile-command "make lock"

lock: .venv/.stamp ## write the locks from setup.py; newer versions: ARGS=--upgrade
	$(COMPILE) --extra dev --output-file requirements.lock $(ARGS)
	$(COMPILE) --extra cuda --no-deps | sed -n '/^nvidia-/,/# via/p' > requirements-cuda.lock

clean: ## remove .venv, .python and caches of the tools; results stay
	rm -rf .venv .python .pytest_cache .ruff_cache .hypothesis *.egg-info build

# Two steps, so that a change of setup.py alone costs seconds and not a new environment. Python
# compiles what it imports; to compile all that is installed takes pip about as long as the rest.
.venv/.stamp: .venv/.locked setup.py
	.venv/bin/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.locked: requirements.lock
	@[ ! -L .venv ] || { echo ".venv is a link, whose target would be emptied: remove the link" >&2; exit 1; }
	@python=$$(./find_python.sh) && "$$python" -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --no-deps --no-compile $(WHEELS) \
		-r <(sed '$(AS_SOURCE)d' requirements.lock)
	.venv/bin/python -m pip install --quiet --no-deps --no-compile --require-hashes \
		--no-build-isolation -r <(sed -n '$(AS_SOURCE)p' requirements.lock)
	@touch $@
