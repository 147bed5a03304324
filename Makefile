# One venv, two locks: what runs Podium, and what else tests it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The locks are complete: nothing is left to resolve, and extras with bounds of their own cannot
# lead an older pip away from the pinned versions.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps
CODE := contracts activities workflows starter sandbox scripts tests bench worker_main.py
# The SDK's sandbox imports workflow modules anew for each workflow: without bytecode on the disk, each
# time is a compilation.
export PYTHONDONTWRITEBYTECODE :=
# Twice the cores of a small machine: many tests wait, for servers and for timers.
WORKERS ?= 4
# A process that dies (of a test beyond its limit, say) fails the run at once: xdist would start another one,
# and with whole files handed out may then wait for ever (pytest-xdist issues 1323 and 1378).
PARALLEL := -n $(WORKERS) --max-worker-restart 0 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
# Whatever -j says: two installations would write into one folder at once.
.NOTPARALLEL:
.PHONY: help setup setup-dev demo examples test check lint format soak bench contracts permissions histories lock clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Podium needs Python 3.11 or newer; PYTHON=... names another one"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "python3 -m venv failed; on Debian: apt install python3-venv"; rm -rf $(VENV); exit 1; }
	@# The pip that Python brings takes twice as long to look through a lock (50 and 31 s).
	@sed -n '/^pip==/,/[^\\]$$/p' requirements-dev.lock | $(PIP) -r /dev/stdin

$(VENV)/.installed: requirements.lock | $(VENV)/bin/python
	@echo "installing what Podium runs on (once) ..."
	@$(PIP) -r requirements.lock
	@touch $@

# All of the other lock is in this one. Uncompiled: most of it, as GitHub's description of 6,700 files, is never
# imported, and what is leaves its bytecode then.
$(VENV)/.installed-dev: requirements-dev.lock requirements.lock | $(VENV)/bin/python
	@echo "installing what Podium runs on and what tests it (once) ..."
	@$(PIP) --no-compile -r requirements-dev.lock
	@touch $(VENV)/.installed $@

setup: $(VENV)/.installed ## install what Podium runs on
setup-dev: $(VENV)/.installed-dev ## install what tests it

demo: setup ## run X1 end to end; ISSUES=export.json, KEEP=1, MODE=timed
	@$(BIN)/python -m starter demo $(if $(ISSUES),--issues $(ISSUES)) $(if $(KEEP),--keep) \
	  $(if $(MODE),--mode $(MODE))

test: setup-dev ## all tests but the long ones
	$(BIN)/python -m pytest $(PARALLEL) -m "not soak"

examples: setup-dev ## run the examples end to end; ONLY="X3 X5"
	@PYTHONPATH=. $(BIN)/python scripts/run_examples.py $(ONLY)

soak: setup-dev ## the long tests: kills, faults, windows and webhooks in full
	$(BIN)/python -m pytest -m soak --timeout 3600

lint: setup-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)

check: lint test ## what CI runs

format: setup-dev ## format the code
	$(BIN)/ruff format .

bench: setup-dev ## measure: API calls per run, many repositories, latency, engine against bare Temporal
	$(BIN)/python bench/engine.py
	$(BIN)/python bench/api_calls.py
	$(BIN)/python bench/repositories.py
	$(BIN)/python bench/latency.py

contracts: setup ## write the JSON Schemas and docs/contracts.md
	PYTHONPATH=. $(BIN)/python scripts/publish_contracts.py

permissions: setup ## write docs/permissions.md
	PYTHONPATH=. $(BIN)/python scripts/publish_permissions.py

histories: setup-dev ## record the histories that tests replay
	PYTHONPATH=. $(BIN)/python scripts/record_histories.py

COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-header --no-annotate --strip-extras --allow-unsafe
lock: setup-dev ## choose new versions of all dependencies
	$(COMPILE) --upgrade --output-file requirements.lock pyproject.toml
	$(COMPILE) --upgrade --extra dev --constraint requirements.lock \
	  --output-file requirements-dev.lock pyproject.toml

clean: ## remove what was installed and what runs left
	rm -rf $(VENV) .podium .pytest_cache .mypy_cache .ruff_cache
