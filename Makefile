# Two commands are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-all check bench clean

demo: $(VENV)/.installed  ## train a small model, assay it, write demo/report.html, print the verdict
	$(BIN)/latentassay demo

test: check  ## everything that CI runs
	$(BIN)/pytest

test-all: check  ## the long tests, too
	$(BIN)/pytest -m "long or not long"

check: $(VENV)/.test-installed  ## style, types and the plan of the house
	$(BIN)/ruff check src tests bench conftest.py
	$(BIN)/ruff format --check src tests bench conftest.py
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test-installed  ## ratios of times in one run, written to bench/results
	for name in responses interventions training metrics geometry consistency; do $(BIN)/python bench/$$name.py || exit 1; done

clean:
	rm -rf $(VENV) demo

# torch comes first, so that nothing else chooses another build of it.
$(VENV)/.torch: constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "latentassay needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) torch
	touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml
	$(INSTALL) --editable .
	touch $@

$(VENV)/.test-installed: $(VENV)/.torch pyproject.toml
	$(INSTALL) --editable '.[test]'
	touch $(VENV)/.installed $@
