# Every target does its own set-up: the environment from the lock file, and Debian packages where a target needs them.

PYTHON ?= python3.11
VENV := .venv
READY := $(VENV)/.ready
export DAGSTER_DBT_PARSE_PROJECT_ON_LOAD :=
export DO_NOT_TRACK := 1

.PHONY: run test serve dev bench bench-keep bench-guard docs screenshots check soak fuzz browse mutants proof bi lock clean

run: $(READY)
	$(VENV)/bin/clientele sample
	$(VENV)/bin/clientele refresh
	$(VENV)/bin/clientele tables
	@echo
	@echo "Look further:  make serve  then open http://127.0.0.1:8000/"
	@echo "               make dev    for every asset, check, schedule and sensor"
	@echo "               $(VENV)/bin/clientele status"

test: $(READY) chromium postgres check
	$(VENV)/bin/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests
	$(VENV)/bin/dg check defs

serve: $(READY)
	$(VENV)/bin/clientele serve

dev: $(READY)
	$(VENV)/bin/clientele dev

# dbt's documentation of every model, as one page that needs no server and no network.
DOCS := dbt_project/target/static_index.html
docs: $(READY)
	cd dbt_project && ../$(VENV)/bin/dbt --quiet docs generate --static
	@echo "The documentation of the models: file://$(CURDIR)/$(DOCS)"
	@$(VENV)/bin/python -m webbrowser "file://$(CURDIR)/$(DOCS)" >/dev/null 2>&1 || true

# The property test at length: random histories, delivered in any order with crashes, against a rebuild and an oracle.
EXAMPLES ?= 5000
PROCESSES ?= 2
soak: $(READY)
	$(VENV)/bin/python -m tests.soak $(EXAMPLES) $(PROCESSES)

# Random questions to every route of the API, 500 of each kind: about half an hour. And 30 random worlds instead of 2 that
# arrive in PostgreSQL in parts.
fuzz: export FUZZ_EXAMPLES ?= 500
fuzz: export POSTGRES_WORLDS ?= 30
fuzz: $(READY) postgres
	$(VENV)/bin/pytest tests/serving/test_serving_fuzzing.py tests/postgres/test_publication.py

# Every control of the pages in Chromium, on 1,000,000 users and 100,000 organizations: about half an hour. And axe in
# every state of the pages, wide and light as in `make test`, and on a phone in the dark.
browse: export BROWSE_USERS ?= 1000000
browse: $(READY) chromium
	$(VENV)/bin/pytest tests/browse tests/serving/test_serving_accessible.py

# Deliberate faults in copies of the project: the test of each must find it. ONLY="a log" runs those that say so.
mutants: $(READY)
	$(VENV)/bin/python -m tests.mutants $(if $(ONLY),"$(ONLY)")

# Real requests in reverse file order in 30 runs of the real command, against one run over everything: about 15 minutes.
proof: $(READY)
	$(VENV)/bin/python -m tests.proof

# Apache Superset, in an environment of its own (0.9 GB), shows what SQL says, also while a refresh runs: about 4 minutes.
bi: $(READY) postgres
	$(VENV)/bin/python -m tests.bi

# What the work costs, beside floors and peers. BACKFILL="1000000", A_DAY=2000 and HISTORIES="30 365" ask for others;
# ONLY=painted measures that one alone, and keeps it alone.
bench: $(READY) chromium
	$(VENV)/bin/python -m tests.benchmarks "" $(ONLY)

# The same, written to docs/benchmarks.md; and held against what is written there.
bench-keep: $(READY) chromium
	$(VENV)/bin/python -m tests.benchmarks keep $(ONLY)
bench-guard: $(READY) chromium
	$(VENV)/bin/python -m tests.benchmarks guard $(ONLY)

# A picture of every page and state, at three widths, light and dark, in screenshots/.
screenshots: $(READY) chromium
	$(VENV)/bin/python -m tests.screenshots

# The virtual environment, exactly as locked; made again when the lock changes.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --require-hashes -r requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Browser tests drive a Chromium that is there, else Debian's.
.PHONY: chromium
chromium:
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null || { \
		apt-get update --quiet --quiet && \
		DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends chromium; }

# Tests start a PostgreSQL of their own, with the programs that are there, else Debian's.
.PHONY: postgres
postgres:
	@{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || { \
		apt-get update --quiet --quiet && \
		DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends postgresql; }

# Resolve the versions in pyproject.toml anew. Needs uv (pip install uv).
lock:
	uv pip compile pyproject.toml --group dev --group sample --universal --generate-hashes \
		--no-strip-extras --no-header --no-emit-index-url --upgrade --output-file requirements.lock
	cd tests/bi && uv pip compile requirements.in --python-version 3.11 --universal --generate-hashes \
		--no-strip-extras --no-header --no-emit-index-url --upgrade --output-file requirements.lock

clean:
	rm -rf $(VENV) tests/bi/.venv dbt_project/target
