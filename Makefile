# Two commands are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A core for each of several processes. What is compiled once is kept: every one of them would compile it anew.
PYTEST = PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist loadfile
FOREIGN := .venv-foreign
INSTALL = $(@D)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-all test-foreign check bench clean

demo: $(VENV)/.installed  ## train a small model, assay it, write demo/report.html and demo/explore.html, print the verdict
	$(BIN)/latentassay demo

test: check  ## everything that CI runs
	$(PYTEST)

test-all: check  ## the long tests, too
	$(PYTEST) -m "long or not long"

test-foreign: $(FOREIGN)/.installed  ## adapters beside their frameworks: MONAI, pythae, scvi-tools; in an environment of 2 GB
	$(FOREIGN)/bin/pytest tests/adapters

check: $(VENV)/.test-installed  ## style, types and the plan of the house
	$(BIN)/ruff check src tests bench conftest.py
	$(BIN)/ruff format --check src tests bench conftest.py
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test-installed  ## ratios of times in one run, written to bench/results
	for name in responses assay guards flips interventions training metrics geometry consistency adapters startup; do $(BIN)/python bench/$$name.py || exit 1; done

clean:
	rm -rf $(VENV) $(FOREIGN) demo

# torch comes first, so that nothing else chooses another build of it.
%/.torch: constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "latentassay needs Python 3.11 or newer")'
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(INSTALL) torch
	touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml
	$(INSTALL) --editable .
	touch $@

$(VENV)/.test-installed: $(VENV)/.torch pyproject.toml
	$(INSTALL) --editable '.[test]'
	touch $(VENV)/.installed $@

$(FOREIGN)/.installed: $(FOREIGN)/.torch pyproject.toml
	$(INSTALL) --editable '.[foreign]'
	touch $@
