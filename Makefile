# `make book` and `make test` do everything on a machine with Python, make and git.
PYTHON ?= python3
VENV ?= .venv
NOTEBOOKS ?= # all
PORT ?= 8000

python := $(VENV)/bin/python
html := _build/html
site := dist/site

.PHONY: help book test serve lab refresh lint bench test-cuda site lock clean
.DELETE_ON_ERROR:

help:  ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

book: $(VENV)/.ready  ## Build the book; print its address.
	@$(VENV)/bin/jupyter-book build . -W -n --keep-going -q || { rm -rf _build/.doctrees; exit 1; }
	@$(python) -c 'import pathlib; print("Open", pathlib.Path("$(html)/index.html").resolve().as_uri())'

test: book  ## Test everything: package, docstrings, pages, chapters.
	$(python) -m pytest -n 2 --dist worksteal --cov --cov-report term companion tests
	$(python) -m pytest -n 2 --dist loadfile --nbval --nbval-current-env \
	    --nbval-sanitize-with tests/sanitize.cfg book

serve: book  ## Serve the book at localhost:8000; PORT=… for another.
	$(python) -m http.server $(PORT) --bind 127.0.0.1 --directory $(html)

lab: $(VENV)/.ready  ## Open the chapters in JupyterLab.
	$(VENV)/bin/jupyter lab book

refresh: $(VENV)/.ready  ## Execute the chapters again: make refresh [NOTEBOOKS=book/adam.ipynb].
	$(python) tools/refresh.py $(NOTEBOOKS)

lint: $(VENV)/.ready  ## Check style and types, notebooks included.
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

test-cuda: $(VENV)-cuda/.ready  ## Prove the CUDA kernels, without a GPU.
	$(VENV)-cuda/bin/python -m pytest -p no:cacheprovider tests/cuda

bench: $(VENV)-bench/.ready  ## Time the optimizers beside other libraries.
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check torch
	$(VENV)-bench/bin/python -m benchmarks

site: book  ## Pack the book for a web server: dist/site, a zip and an EPUB.
	$(python) tools/site.py $(html) $(site)

# One environment each, so that the book needs no compiler for GPUs and no peer.
# The lists are complete, so pip has nothing to resolve.
define environment
$(1)/.ready: $(2) pyproject.toml
	@$$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; $$(PYTHON) is older or missing. Try: make PYTHON=python3.12" >&2; exit 1; }
	@$$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "$$(PYTHON) cannot make environments. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	$$(PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(2)
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $$@
endef
$(eval $(call environment,$(VENV),requirements/lock.txt))
$(eval $(call environment,$(VENV)-cuda,requirements/cuda.txt))
$(eval $(call environment,$(VENV)-bench,requirements/bench.txt))

compile = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml

lock: $(VENV)/.ready  ## Choose newer packages and write down their hashes.
	$(compile) --upgrade --extra dev --output-file requirements/lock.txt
	$(compile) --upgrade --extra cuda-test --constraint requirements/lock.txt --output-file requirements/cuda.txt
	$(compile) --upgrade --extra bench --constraint requirements/lock.txt --output-file requirements/bench.txt

clean:  ## Remove everything that was built, environments too.
	rm -rf _build build dist $(VENV) $(VENV)-cuda $(VENV)-bench *.egg-info .coverage* .*_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
