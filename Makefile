# Short verbs; each sets up its own environment in .venv from the pinned requirements when it is first used.
# The first Python that fits: python3 itself, else one named after its version. What the user gives as PYTHON=... wins.
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(shell $(name) -c '$(FITS)' 2>/dev/null && echo $(name))))
NEEDED := make needs Python 3.11, 3.12 or 3.13 with its venv module: install one, or name it, as in make PYTHON=/path/to/python3.12.
VENV := .venv
BIN := $(abspath $(VENV))/bin
LABEL_VENV := .venv-label
# MONAI Label needs numpy below 2, which has no wheel for 3.13.
LABEL_PYTHON ?= python3.11
METHOD ?= brain_2d
QUICK := 'configs/train.yaml','configs/methods/$(METHOD).yaml','configs/schedules/quick.yaml'
export TQDM_MININTERVAL ?= 1
export PYTHONUTF8 := 1

# A virtual environment in the folder given by the Python given, or the sentence that says what is missing.
make_venv = test -x $(1)/bin/python || { $(or $(2),false) -c '$(FITS)' 2>/dev/null && $(2) -m venv $(1); } || { echo "$(NEEDED)" >&2; exit 1; }

.PHONY: help run test lint zip label clean

help:           ## list the verbs
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

run: $(VENV)/installed   ## train on the embedded cohort, evaluate, write table and pictures (minutes)
	cd bundle && $(BIN)/python -m monai.bundle run training --config_file "[$(QUICK)]" $(ARGS)
	cd bundle && $(BIN)/python -m monai.bundle run --config_file "[$(QUICK),'configs/evaluate.yaml']" $(ARGS)

test: lint      ## lint, types and every test
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/installed-dev   ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/mypy

zip:            ## the versioned zip that the model zoo ships, in dist/
	$(or $(PYTHON),python3) tools/build_zip.py

label: $(LABEL_VENV)/installed   ## serve the bundle with MONAI Label and send it images (an environment of its own)
	$(LABEL_VENV)/bin/python -m pytest integration -o addopts=-ra -p no:cacheprovider

# Without PIP_FIND_LINKS and pip's configuration: a mirror may know a torch without its torchvision.
$(LABEL_VENV)/installed: requirements-label.txt
	@$(call make_venv,$(LABEL_VENV),$(LABEL_PYTHON))
	PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= $(LABEL_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-label.txt
	touch $@

$(VENV)/installed: requirements.txt
	@$(call make_venv,$(VENV),$(PYTHON))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:          ## remove what the bundle made for itself, not the environment
	rm -rf bundle/outputs bundle/cache
