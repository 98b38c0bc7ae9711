# Everything a developer or an operator types first. `make run` works on a fresh machine.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell command -v python3.11 || command -v python3)
STAMP := $(VENV)/.installed
TEST_PROCESSES ?= 4

# What one process compiled serves the next.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install run test check format lock schema prove bench bench-large screenshots clean

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Gerbang needs Python 3.11 or newer, found: $$($(PYTHON) --version)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: install
	$(BIN)/gerbang demo

# More processes than cores, for most tests wait for something; what compares speeds runs alone.
test: install
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder -m "not alone"
	$(BIN)/python -m pytest -m alone $$(grep -rl 'mark\.alone' tests --include='*.py')

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Needs uv (https://docs.astral.sh/uv/); everything else needs only pip.
lock:
	uv pip compile --no-config --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		requirements.in -o requirements.lock

# The readable schema, after a new migration.
schema: install
	@mkdir -p var
	$(BIN)/gerbang db schema > var/schema.sql.new && mv var/schema.sql.new src/gerbang/postgres/schema.sql

# The full counts; writes docs/proof.md.
prove: install
	GERBANG_PROVE=1 PYTHONPATH=bench $(BIN)/python -m gerbang_bench.prove

# Prints the table and writes var/bench.json.
bench: install
	PYTHONPATH=bench $(BIN)/python -m gerbang_bench.bench

bench-large: install
	PYTHONPATH=bench $(BIN)/python -m gerbang_bench.bench --large

# The pictures of the README, from a demo of their own (Chromium).
screenshots: install
	PYTHONPATH=tests $(BIN)/python -m console.screenshots

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
