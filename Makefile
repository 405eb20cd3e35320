# Everything sets itself up: a virtual environment with the pinned packages, made once and again when they change.
# Needed: make, Python 3.11 or newer with venv, and a package index that pip knows.

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
RUN := $(VENV)/bin/python
# Most tests wait for ledgers and servers: three at a time keep two cores busy.
SIDE_BY_SIDE ?= 3

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo up test check format lock clean

help:
	@echo "make demo    watch bills paid and failures handled, on a stack of its own"
	@echo "make up      start the local stack and keep it up until Ctrl-C"
	@echo "make test    run every test"
	@echo "make check   format, lint, types, import directions: what CI checks"
	@echo "make format  bring the code into the checked form"
	@echo "make lock    pin the packages anew (needs uv)"
	@echo "make clean   remove what can be made again; payments in .billpay stay"

demo: $(INSTALLED)
	@$(RUN) -m starter demo

up: $(INSTALLED)
	@$(RUN) -m starter up

test: $(INSTALLED)
	$(RUN) -m pytest -n $(SIDE_BY_SIDE)

check: $(INSTALLED)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(INSTALLED)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

# A virtual environment that was copied, or whose Python is gone, is made anew.
$(INSTALLED): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	    echo "this Python has no venv: install it (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@$(RUN) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "installing the pinned packages into $(VENV), once"
	@$(RUN) -m pip install --quiet --require-hashes --only-binary :all: -r $<
	@touch $@

# runtime.txt is what the worker's image installs, sandbox.txt the sandbox's, dev.txt everything; the first two take
# their versions from the last. Hashes are those of every platform's file, and no index is named.
LOCK := uv pip compile pyproject.toml --quiet --generate-hashes --no-header --no-emit-index-url --universal --python-version 3.11

lock:
	@command -v uv >/dev/null || { echo "uv is needed to resolve for every platform at once" >&2; exit 1; }
	$(LOCK) --upgrade --all-extras --output-file requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt --output-file requirements/runtime.txt
	$(LOCK) --constraint requirements/dev.txt --extra sandbox --output-file requirements/sandbox.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
