# `make help` lists what can be done. Needed: Python 3.11 or later, and make; the rest is installed in this folder.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# Where the machine has no uv, .venv-uv holds one.
UV := $(shell command -v uv 2>/dev/null || echo .venv-uv/bin/uv)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo up down status test lint fmt bench bench-learning bench-forgetting chaos bench-rivals docs lock clean clean-all flood fuzz soak

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## Install everything into this folder (instant when nothing has changed)

demo: setup ## Replay the flights of 2013 through the whole loop (ARGS=--keep leaves it running)
	$(BIN)/anabranch demo $(ARGS)

up: setup ## Start Apache Kafka and Redis on loopback
	$(BIN)/anabranch up $(ARGS)

down: setup ## End everything that was started; data stays
	$(BIN)/anabranch down $(ARGS)

status: setup ## Show how Kafka and Redis are
	$(BIN)/anabranch status $(ARGS)

test: setup ## Run every test: unit, contract and system, on a Kafka and Redis of their own
	$(BIN)/python -m pytest $(ARGS)

lint: setup ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict .
	PYTHONPATH=. $(BIN)/lint-imports

fmt: setup ## Rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Measure the hot processes beside a bare copy (ARGS=--help)
	$(BIN)/python -m benchmarks $(ARGS)

bench-learning: setup ## Compare learners on streams that drift, beside River's, with late labels (ARGS=--help)
	$(BIN)/python -m benchmarks.learning $(ARGS)

bench-forgetting: setup .venv-avalanche/.installed ## What safeguards keep of an old concept, beside Avalanche's, and how soon one returns
	$(BIN)/python -m benchmarks.learning.forget $(ARGS)
	$(BIN)/python -m benchmarks.learning.recall

bench-rivals: .venv-rivals/.installed .venv-feast/.installed ## Measure beside other stream processors and Feast, installed apart
	$(BIN)/python -m benchmarks.rivals $(ARGS)
	$(BIN)/python -m benchmarks.feature_read --feast .venv-feast/bin/python

chaos: setup ## Kill, freeze and double what runs, many times, and judge it (ARGS=--help)
	$(BIN)/python -m benchmarks.chaos $(ARGS)

flood: setup ## Send a million malformed events beside good traffic, and account for each (ARGS=--help)
	$(BIN)/python -m benchmarks.flood $(ARGS)

fuzz: setup ## Fuzz every decoder of foreign bytes (ARGS="--seconds 600")
	PYTHONPATH=. $(BIN)/python -m tests.fuzz $(ARGS)

soak: setup ## Half an hour at 2,000 requests a second: memory, latency, Redis and disk (ARGS=--help)
	$(BIN)/python -m benchmarks.soak $(ARGS)

docs: setup ## Write the reference from the code, and build the documentation into site/
	$(BIN)/python -m docs.generate
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict $(ARGS)

lock: $(UV) ## Renew requirements.lock within the ranges of pyproject.toml
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --upgrade --quiet --output-file requirements.lock

clean: ## Remove what tools have cached and built; data and environment stay
	rm -rf build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

clean-all: clean ## End everything, then remove data and environment too
	if [ -x $(BIN)/anabranch ]; then $(BIN)/anabranch down; fi
	rm -rf .anabranch $(VENV) .venv-uv .venv-rivals .venv-feast .venv-avalanche

# --- how `setup` works: an environment, the locked packages in it, then this project

# compat: the plain way, a line with this folder's path, which type checkers and editors understand.
$(VENV)/.installed: $(VENV)/.synced pyproject.toml | $(UV)
	$(UV) pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation \
	  --config-setting editable_mode=compat --editable .
	@touch $@

$(VENV)/.synced: requirements.lock | $(UV)
	@python=$$(sh deploy/setup/find_python.sh) && { [ -x $(BIN)/python ] || $(UV) venv --quiet --python "$$python" $(VENV); }
	$(UV) pip sync --compile-bytecode --python $(BIN)/python requirements.lock
	@touch $@

# The rivals' own versions come first; what they lack, such as torch, comes from the product's environment.
.venv-rivals/.installed: $(VENV)/.installed benchmarks/rivals/requirements.txt
	$(UV) venv --quiet --allow-existing --python $(BIN)/python .venv-rivals
	$(UV) pip install --quiet --python .venv-rivals/bin/python --requirement benchmarks/rivals/requirements.txt
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
	  > "$$(.venv-rivals/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/product.pth"
	@touch $@

.venv-feast/.installed: $(VENV)/.installed benchmarks/rivals/requirements-feast.txt
	$(UV) venv --quiet --allow-existing --python $(BIN)/python .venv-feast
	$(UV) pip install --quiet --python .venv-feast/bin/python --requirement benchmarks/rivals/requirements-feast.txt
	@touch $@

# Avalanche with what it imports, and no more; torch and NumPy come from the product's environment.
.venv-avalanche/.installed: $(VENV)/.installed benchmarks/learning/requirements-avalanche.txt
	$(UV) venv --quiet --allow-existing --python $(BIN)/python .venv-avalanche
	$(UV) pip install --quiet --no-deps --python .venv-avalanche/bin/python \
	  --requirement benchmarks/learning/requirements-avalanche.txt
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
	  > "$$(.venv-avalanche/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/product.pth"
	@touch $@

.venv-uv/bin/uv:
	@python=$$(sh deploy/setup/find_python.sh) && sh deploy/setup/install_uv.sh "$$python" .venv-uv
