# Two commands on a fresh machine: `make run` and `make test`. `make help` lists the rest.

.POSIX:
.SUFFIXES:
.PHONY: help run run-lan test lint lint-code lint-web packages format web bench soak screenshots preview wheel setup lock clean

VENV_PYTHON = .venv/bin/python
# One more than there are cores: tests wait for browsers, and for processes that they have killed. With two more all of
# them take half as long again.
WORKERS = $$($(VENV_PYTHON) -c 'import os; print(os.cpu_count() + 1)')
SEEDS = 300
# Python keeps what it has compiled, even where the environment says not to: otherwise each of the hundreds of processes
# that the tests start compiles all of its code again, which is two thirds of its start.
export PYTHONDONTWRITEBYTECODE =
# Tests write into memory where there is plenty of it: they kill processes, never the machine, and a disk that others
# share is what they would wait for most.
SCRATCH = $$([ "$$(df -k /dev/shm 2>/dev/null | awk 'END { print $$4 + 0 }')" -gt 6000000 ] && echo /dev/shm || echo "$${TMPDIR:-/tmp}")

help: ## What there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: setup web ## Start the service with a demonstration on http://127.0.0.1:8888 (settings: docs/settings.md)
	@exec $(VENV_PYTHON) -m backend serve --demo

run-lan: setup web ## The same over HTTPS for phones in this network, with a certificate authority of its own (docs/lan.md)
	@exec $(VENV_PYTHON) -m backend lan

test: setup ## Every check and every test
	@$(MAKE) --jobs 3 lint-code lint-web packages
	.ci/web.sh test
	TMPDIR=$(SCRATCH) $(VENV_PYTHON) -m pytest -n $(WORKERS) --dist worksteal

lint: lint-code lint-web ## Style, types, and who may import whom

lint-code: setup
	$(VENV_PYTHON) -m ruff check
	$(VENV_PYTHON) -m ruff format --check
	$(VENV_PYTHON) -m mypy
	.venv/bin/lint-imports --no-logo

lint-web: setup
	.ci/web.sh check lint

# What tests need of the system: an nginx and a Chromium.
packages: setup
	.ci/nginx.sh
	.ci/browser.sh

format: setup ## Put the source in shape
	$(VENV_PYTHON) -m ruff check --fix
	$(VENV_PYTHON) -m ruff format
	.ci/web.sh format

web: setup ## Build the web pages; costs nothing where they are up to date
	.ci/web.sh build

bench: setup ## Measure what docs/benchmarks.md promises
	$(VENV_PYTHON) -m tests.bench

soak: setup web ## Hundreds of fresh seeds of the fault tests (SEEDS=300), what docs/reliability.md reports
	.ci/browser.sh
	TMPDIR=$(SCRATCH) ZHIPING_SEEDS=$(SEEDS) $(VENV_PYTHON) -m pytest -n $(WORKERS) --dist worksteal -m 'seeded or soak'

preview: setup ## Every document as pictures in build/preview/ (wants LibreOffice and poppler)
	@.ci/preview.sh
	$(VENV_PYTHON) -m tests.preview

screenshots: setup web ## Pictures of every page, light and dark, in build/screenshots
	.ci/browser.sh
	$(VENV_PYTHON) -m pytest -q -m pictures tests/browser

wheel: setup ## Build the wheel, install it into an environment of its own, and ask it for the pages
	.ci/wheel.sh

setup: ## Make .venv; costs nothing where it is up to date
	@.ci/setup.sh

lock: setup ## Renew requirements.lock (all to the newest: make lock UPGRADE=--upgrade)
	$(VENV_PYTHON) -m uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes $(UPGRADE) \
		--extra embedded --extra dev --custom-compile-command 'make lock' \
		--output-file requirements.lock pyproject.toml

clean: ## Remove .venv, node_modules, caches and builds; data/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	cd inspection/web && rm -rf node_modules build dist
	cd inspection/miniprogram && rm -rf node_modules build
	find backend inspection tests -name __pycache__ -type d -prune -exec rm -rf {} +
