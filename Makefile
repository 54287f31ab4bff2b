# make demo | test | test-slow | test-oldest | coverage | bench-quick | bench | autogluon | lab | lint | docs | gallery | clean.  Another Python: make test PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
# Tests and benchmarks run side by side, each with one numerical thread.
ONE_THREAD := OMP_NUM_THREADS=1
# Tests start Python some sixty times: each start reads compiled files, also where the environment says that none are written.
export PYTHONDONTWRITEBYTECODE :=
# Two workers begin at the two halves of the suite, so that what a file prepares is made once.
PYTEST := $(ONE_THREAD) $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: demo test test-slow test-oldest coverage bench-quick bench autogluon lab lint docs gallery readme clean

demo: .venv/.installed
	$(BIN)/python examples/demo.py

test: lint
	$(PYTEST) -m "not slow"

test-slow: .venv/.installed-dev
	$(PYTEST) -m slow

# The fast tests with the lowest versions that pyproject.toml allows, in a Python of their own. What
# old packages say of newer ones is not looked at.
test-oldest: .venv-oldest/.installed
	$(ONE_THREAD) .venv-oldest/bin/python -m pytest -n 2 --dist worksteal -m "not slow" \
		-W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning -W ignore::FutureWarning

# Which lines of src the fast tests run.
coverage: .venv/.installed-dev
	$(PYTEST) -m "not slow" --cov --cov-report=term

# Small tables, few rows, methods of seconds: minutes.
bench-quick: .venv/.installed-dev
	$(ONE_THREAD) $(BIN)/python -m benchmarks.field --out benchmarks/out/quick --cap 1000 --splits 1 \
		--sets yacht concrete airfoil saratoga credit_g --methods fast balanced lightgbm catboost xgboost forest svm mlp

bench: .venv/.installed-dev
	$(ONE_THREAD) $(BIN)/python -m benchmarks

# AutoGluon as a peer of `benchmarks.field`, in a Python of its own: its pins do not go with ours.
autogluon:
	@test -x .venv-autogluon/bin/pip || $(PYTHON) -m venv .venv-autogluon
	.venv-autogluon/bin/python -m pip install --quiet --requirement benchmarks/autogluon/requirements.txt
	@echo "Now: export MOTIFNET_AUTOGLUON_PYTHON=$(CURDIR)/.venv-autogluon/bin/python"

# The experiments of docs/lab.md at full size.
lab: .venv/.installed-dev
	$(ONE_THREAD) $(BIN)/motifnet lab all --out benchmarks/results/lab --force

lint: .venv/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/structure.py

# The documentation site, in site/: warnings are errors.
docs: .venv/.installed-docs
	$(BIN)/python tools/site.py site-pages
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Now open site/index.html"

# The scripts of examples/gallery, run again, and their pages in docs/gallery.
gallery: .venv/.installed-dev
	$(ONE_THREAD) $(BIN)/python tools/gallery.py

# Figures and tables of the user guide, computed again.
readme: .venv/.installed-dev
	$(BIN)/python examples/figure.py
	$(BIN)/python examples/demo.py --splits 10 --write-readme

.venv/.installed: pyproject.toml constraints.txt | .venv/.created
	@echo "Installing into .venv; the first time takes some minutes."
	@$(PIP) torch==2.13.0
	@$(PIP) --editable ".[onnx,parquet]"
	@touch $@

.venv/.installed-dev: .venv/.installed
	@echo "Installing what the tests need."
	@$(PIP) --editable ".[dev]"
	@touch $@

.venv/.installed-docs: .venv/.installed
	@$(PIP) --editable ".[docs]"
	@touch $@

.venv-oldest/.installed: pyproject.toml tools/oldest.py
	@test -x .venv-oldest/bin/pip || $(PYTHON) -m venv .venv-oldest
	@.venv-oldest/bin/python tools/oldest.py > .venv-oldest/constraints.txt
	@.venv-oldest/bin/python -m pip install --quiet --constraint .venv-oldest/constraints.txt torch
	@.venv-oldest/bin/python -m pip install --quiet --constraint .venv-oldest/constraints.txt --editable ".[dev]"
	@touch $@

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@touch $@

clean:
	rm -rf .venv .venv-oldest demo-out dist site site-pages .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
