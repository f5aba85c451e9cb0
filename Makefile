# Everything runs in a virtual environment of its own; a second run finds it ready.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
SUPPLY := $(VENV)/supply
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt

.PHONY: demo demo-hosted setup run install test test-long docker-test lint bench env picture series-picture lock lock-cpu audit base-image

demo: $(STAMP)-demo
	$(BIN)/python -m bot.operations.demo $(ARGS)

# Every hosted model on the page, at stand-ins on this machine that draw one colour: no key, no cost.
demo-hosted: $(STAMP)-test
	$(BIN)/python -m tests.engine.providers.serve $(BIN)/python -m bot.operations.demo --hosted $(ARGS)

setup: $(STAMP)-local
	$(BIN)/python -m bot setup

run: $(STAMP)-local
	$(BIN)/python -m bot $(ARGS)

install: $(STAMP)-local

# Two processes share the tests, file by file, in the order of tests/conftest.py: most wait for a bot, a page or a clock.
test: $(STAMP)-test
	sh tools/chromium.sh
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: $(STAMP)-test
	sh tools/chromium.sh
	$(BIN)/python -m pytest -m "long or not long" $(ARGS)

# Builds the image and runs the demo in it; where docker is not, it says so.
docker-test:
	sh tools/docker_test.sh $(ARGS)

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

.env.example: bot/core/settings.py $(STAMP)-local
	$(BIN)/python -m bot.core.settings > $@

# What the image installs: exact versions with the hashes of every file that PyPI has of them, for every platform
# (torch's builds for x86_64 and aarch64 among them). constraints.txt decides the versions.
LOCK := $(SUPPLY)/bin/uv pip compile pyproject.toml --extra local --extra hosted --extra identity --extra studio \
	--extra safety --constraint constraints.txt --python-version 3.11 --generate-hashes --no-emit-index-url --quiet

lock: $(SUPPLY)/.stamp
	$(LOCK) --universal --custom-compile-command "make lock" --output-file deploy/requirements.lock

# The same with torch's builds for CPUs alone, which are in PyTorch's own index under other hashes.
lock-cpu: $(SUPPLY)/.stamp
	$(LOCK) --torch-backend cpu --python-platform linux --custom-compile-command "make lock-cpu" \
		--output-file deploy/requirements-cpu.lock

# Known faults in what the lock brings. A package that the advisories could not be asked about fails it too.
audit: $(SUPPLY)/.stamp
	$(SUPPLY)/bin/pip-audit --requirement deploy/requirements.lock --require-hashes --disable-pip --strict $(ARGS)

# Writes what the tag of the base image names today; needs docker with buildx, and its registry.
base-image:
	@image=$$(sed -n 's/^FROM \(.*\)@sha256:.*/\1/p' deploy/Dockerfile) && \
	digest=$$(docker buildx imagetools inspect "$$image" | sed -n 's/^Digest: *//p') && \
	case "$$digest" in sha256:*) ;; *) echo "No digest came for $$image."; exit 1 ;; esac && \
	sed -i "s|^FROM .*|FROM $$image@$$digest|" deploy/Dockerfile && echo "$$image is $$digest"

# Apart from the bot's own packages: these tools need others.
$(SUPPLY)/.stamp: Makefile
	"$(PYTHON)" -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --disable-pip-version-check --quiet uv==0.13.9 pip-audit==2.10.1
	@touch $@

$(STAMP)-local: EXTRAS := local,hosted,identity,studio,safety
$(STAMP)-demo: EXTRAS := studio,identity,safety,demo
$(STAMP)-test: EXTRAS := local,hosted,identity,studio,safety,demo,test,lint
$(STAMP)-%: pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed; install it and run make again."; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "Installing what '$*' needs (once; a few minutes) ..."
	@$(INSTALL) --editable ".[$(EXTRAS)]"
	@touch $@
