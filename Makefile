# Every task of BOT4. CI calls these and nothing else.
# Needs git, make, Python >= 3.11 and a Rust toolchain; everything else is installed into .venv.

VENV := .venv
PEERS := .peers
RIVALS := .rivals
PYTHON_IN_VENV := $(VENV)/bin/python
BOT4 := $(VENV)/bin/bot4

# One interpreter for every build of the binding: cargo, clippy and maturin then share their work.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PYO3_PYTHON := $(CURDIR)/$(PYTHON_IN_VENV)
# A caller's PYTHONPATH would stand before the package under test.
unexport PYTHONPATH

RUST_SOURCES := $(shell find rust -name target -prune -o -type f \( -name '*.rs' -o -name '*.toml' \) -print)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run backtest test check bench instructions coverage wheel peers rivals lock clean need-cargo

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.built ## install everything into .venv and leave .venv/bin/bot4 there
	@echo "ready: $(BOT4)"

run: $(VENV)/.built ## trade the example on paper, on a simulated market; ARGS='--for 30s' for options
	@$(BOT4) run examples/first.toml $(ARGS)

backtest: $(VENV)/.built ## backtest the example; DATA=path for your bars, ARGS='...' for options
	@$(BOT4) backtest examples/backtest.toml $(if $(DATA),--data "$(DATA)") $(ARGS)

test: $(VENV)/.built peers ## run every test of both languages
	cargo test --locked --quiet -p bot4-engine -p bot4-journal -p bot4-desk -p bot4-gauge
	$(PYTHON_IN_VENV) -m pytest --quiet --numprocesses auto --dist worksteal

check: $(VENV)/.built ## format, lint, types, layers, house rules; changes nothing
	cargo fmt --all --check
	cargo clippy --locked --quiet --workspace --all-targets -- -D warnings
	$(VENV)/bin/ruff check --quiet
	$(VENV)/bin/ruff format --quiet --check
	$(VENV)/bin/mypy
	$(PYTHON_IN_VENV) -m mypy.stubtest bot4._engine --allowlist scripts/stubtest_allowed.txt
	$(VENV)/bin/lint-imports
	$(PYTHON_IN_VENV) scripts/validate_no_fakes.py
	$(PYTHON_IN_VENV) -m pytest --quiet tests/house

# Each table is printed, whatever the one before found; a broken limit fails the target at the end.
bench: $(VENV)/.built peers rivals ## time the engine, and BOT4 beside the others; CAPTURES='paths' for frames
	cargo bench --locked -p bot4-benches
	$(BOT4) bench $(foreach path,$(CAPTURES),--captures "$(path)")
	@kept=0; for script in books compare orders recovery; do \
	    echo $(PYTHON_IN_VENV) benches/$$script.py; \
	    $(PYTHON_IN_VENV) benches/$$script.py || kept=1; \
	done; exit $$kept

instructions: $(VENV)/.built ## count instructions of hot operations; fails where one grew unannounced
	@$(PYTHON_IN_VENV) scripts/instructions.py $(ARGS)

coverage: $(VENV)/.built ## line coverage of both languages; fails under 95 %
	@scripts/coverage.sh

wheel: $(VENV)/.built ## build dist/bot4-*.whl as shipped (abi3, Python >= 3.11)
	@rm -rf dist
	$(VENV)/bin/maturin build --quiet --release --locked --out dist
	@ls dist/*.whl

peers: $(PEERS)/.installed ## install the other backtesters into .peers, as judges and for bench

rivals: $(RIVALS)/.installed ## install other books and parsers into .rivals, for bench

lock: ## resolve requirements/*.lock anew from the lists in pyproject.toml
	$(PYTHON_IN_VENV) scripts/lock.py dev peers rivals

clean: ## remove what was built and installed
	rm -rf $(VENV) $(PEERS) $(RIVALS) target dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .import_linter_cache .coverage .coverage.*
	rm -f python/bot4/_engine*.so
	find python tests scripts examples benches -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(VENV)/.installed: requirements/dev.lock scripts/venv.sh
	@scripts/venv.sh $(VENV) requirements/dev.lock
	@touch $@

$(PEERS)/.installed: requirements/peers.lock scripts/venv.sh
	@scripts/venv.sh $(PEERS) requirements/peers.lock
	@touch $@

$(RIVALS)/.installed: requirements/rivals.lock scripts/venv.sh
	@scripts/venv.sh $(RIVALS) requirements/rivals.lock lenient
	@touch $@

$(VENV)/.built: $(VENV)/.installed $(RUST_SOURCES) Cargo.toml Cargo.lock pyproject.toml | need-cargo
	@echo "setup: building the engine (a minute or two the first time)"
	@$(VENV)/bin/maturin develop --quiet --release --locked >/dev/null
	@touch $@

need-cargo:
	@command -v cargo >/dev/null || \
	    { echo "setup: cargo is missing: install a Rust toolchain, then run make again" >&2; exit 1; }
