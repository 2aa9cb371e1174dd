# Everything a newcomer needs: `make up` and `make test`. Each line calls the project's own program or a tool.

SHELL := /bin/bash
PYTHON := .venv/bin/python
LONG := tests/scenarios tests/fuzz tests/faults
TARGET := $(if $(CONTEXT),--context $(CONTEXT)) $(if $(REGISTRY),$(if $(CONTEXT),--registry $(REGISTRY))) $(if $(GIT_URL),$(if $(CONTEXT),--git-url $(GIT_URL)))

.PHONY: up env test check bench down

up: .venv/synced      ## from nothing to a built image; CONTEXT=… REGISTRY=… GIT_URL=… for a cluster of yours
	@$(PYTHON) -m dev up $(TARGET)

env: .venv/synced     ## lines for `eval "$(make -s env)"`
	@$(PYTHON) -m dev env

test: export PULUMI_KPACK_TESTS := thorough
test: COVER := --cov --cov-report= $(LONG:%=--ignore=%)
test: check           ## everything CI runs: `check`, longer and with coverage, then a real cluster that is started and ended
	@.venv/bin/coverage report --skip-covered --fail-under=100 --include='*/kpack_api/*,*/kpack_reconciler/decide/*'
	@.venv/bin/coverage report --skip-covered --fail-under=90 --omit='*/kpack_api/*,*/kpack_reconciler/decide/*'
	@$(PYTHON) -m pytest $(LONG) -q -n auto --durations=5 # a tracer of coverage would double their time
	@$(PYTHON) -m pytest tests/e2e -m e2e -q --durations=15

check: .venv/synced   ## format, lint, types, import contracts, unit tests
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy --no-error-summary
	@MYPYPATH=stacks .venv/bin/mypy --no-error-summary stacks/__main__.py
	@.venv/bin/lint-imports > .venv/imports.log || { cat .venv/imports.log; exit 1; }
	@$(PYTHON) -m pytest tests -m "not e2e" -q -n auto --ignore=tests/pulumi_kpack $(COVER)
	@$(PYTHON) -m pytest tests/pulumi_kpack -q $(COVER) $(if $(COVER),--cov-append) # in a process of its own: Pulumi's runtime keeps an event loop

bench: .venv/synced   ## our controller beside kpack's, on one control plane; kept in docs/benchmarks
	@$(PYTHON) -m dev bench

down:                 ## end everything that `up` started
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m dev down; else echo "nothing is up"; fi

.venv/synced: pyproject.toml uv.lock
	@command -v uv > /dev/null || [ -x .uv/bin/uv ] || { python3 -m venv .uv && .uv/bin/pip install --quiet "uv>=0.9,<0.14"; }
	@$$(command -v uv || echo .uv/bin/uv) sync --quiet --frozen
	@touch $@
