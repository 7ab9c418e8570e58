# Short verbs; each sets up its own environment in .venv from the pinned requirements when it is first used.
PYTHON ?= python3.11
VENV := .venv
BIN := $(abspath $(VENV))/bin
LABEL_VENV := .venv-label
QUICK := ['configs/train.yaml','configs/variants/recipe.yaml','configs/variants/quick.yaml']
QUICK_EVALUATE := ['configs/train.yaml','configs/variants/recipe.yaml','configs/variants/quick.yaml','configs/evaluate.yaml']
export TQDM_MININTERVAL ?= 1
export PYTHONUTF8 := 1

.PHONY: help run test lint zip label clean

help:           ## list the verbs
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

run: $(VENV)/installed   ## train on the embedded cohort, evaluate, write table and pictures (minutes)
	cd bundle && $(BIN)/python -m monai.bundle run training --config_file "$(QUICK)" $(ARGS)
	cd bundle && $(BIN)/python -m monai.bundle run --config_file "$(QUICK_EVALUATE)" $(ARGS)

test: lint      ## lint, types and every test
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/installed-dev   ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/mypy

zip:            ## the versioned zip that the model zoo ships, in dist/
	$(PYTHON) tools/build_zip.py

label: $(LABEL_VENV)/installed   ## serve the bundle with MONAI Label and send it images (an environment of its own)
	$(LABEL_VENV)/bin/python -m pytest integration -o addopts=-ra -p no:cacheprovider

# Without PIP_FIND_LINKS and pip's configuration: a mirror may know a torch without its torchvision.
$(LABEL_VENV)/installed: requirements-label.txt
	test -x $(LABEL_VENV)/bin/python || $(PYTHON) -m venv $(LABEL_VENV)
	PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= $(LABEL_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-label.txt
	touch $@

$(VENV)/installed: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:          ## remove what the bundle made for itself, not the environment
	rm -rf bundle/outputs bundle/cache
