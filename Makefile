# Everything runs in a virtual environment of its own; a second run finds it ready.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt

.PHONY: demo demo-hosted run install test test-long lint bench env picture series-picture

demo: $(STAMP)-demo
	$(BIN)/python -m bot.demo $(ARGS)

# Every hosted model on the page, at stand-ins on this machine that draw one colour: no key, no cost.
demo-hosted: $(STAMP)-test
	$(BIN)/python -m tests.engine.providers.serve $(BIN)/python -m bot.demo --hosted $(ARGS)

run: $(STAMP)-local
	$(BIN)/python -m bot $(ARGS)

install: $(STAMP)-local

test: $(STAMP)-test
	sh tools/chromium.sh
	$(BIN)/python -m pytest $(ARGS)

test-long: $(STAMP)-test
	sh tools/chromium.sh
	$(BIN)/python -m pytest -m "long or not long" $(ARGS)

lint: $(STAMP)-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)-test
	$(BIN)/python -m tests.bench $(ARGS)

picture: $(STAMP)-test
	$(BIN)/python -m tools.screenshot

series-picture: $(STAMP)-local
	$(BIN)/python -m tools.series_sheet $(ARGS)

env: .env.example

.env.example: bot/settings.py $(STAMP)-local
	$(BIN)/python -m bot.settings > $@

$(STAMP)-local: EXTRAS := local,hosted,identity
$(STAMP)-demo: EXTRAS := local,identity,demo
$(STAMP)-test: EXTRAS := local,hosted,identity,demo,test,lint
$(STAMP)-%: pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed; install it and run make again."; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "Installing what '$*' needs (once; a few minutes) ..."
	@$(INSTALL) --editable ".[$(EXTRAS)]"
	@touch $@
