# Everything one does with this project, one target each. Every target makes what it needs, in .venv and nowhere
# else; run one twice, and the second time takes seconds.
#
#   make demo        a new piece of music, now              make test        the tests
#   make check       ruff and mypy                          make test-slow   the long tests
#   make fmt         lay the code out                       make docs        run every snippet and example
#   make bench       measure the published figures          make picture     draw the README's pictures again
#   make tables      write the documentation's tables       make setup       only the environment
#   make clean       remove what was made                   make bench-ears  transcription beside others' ears
#
# PYTHON=python3.12 chooses the Python, MODEL=folder the demo's model, RECORDINGS=folder what ears are measured on.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.PHONY: setup fmt check test test-slow docs tables picture demo bench bench-ears clean

PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)
MODEL ?=
RECORDINGS ?=
RUN := .venv/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet --editable
CODE := src tests examples benchmarks tools

demo: .venv/demo-set
	@$(RUN) tools/demo.py $(MODEL)

test: .venv/test-set
	$(RUN) -m pytest -n auto

test-slow: .venv/test-set
	$(RUN) -m pytest -n auto -m slow

check: .venv/check-set
	$(RUN) -m ruff check $(CODE)
	$(RUN) -m ruff format --check $(CODE)
	$(RUN) -m mypy

fmt: .venv/check-set
	$(RUN) -m ruff check --fix $(CODE)
	$(RUN) -m ruff format $(CODE)

docs: .venv/test-set
	$(RUN) -m pytest -n auto -m "slow or not slow" tests/test_docs_run.py tests/test_examples.py

tables: .venv/demo-set
	@$(RUN) tools/tables.py

picture: .venv/demo-set
	$(RUN) tools/picture.py $(MODEL)

bench: .venv/bench-set
	@failed=; for script in $$(grep -l __main__ benchmarks/*.py | grep -v peer_ears); do echo "== $$script"; $(RUN) $$script || failed="$$failed $$script"; done; \
  test -z "$$failed" || { echo "these did not finish:$$failed" >&2; exit 1; }

bench-ears: .venv/bench-set .venv-peers/made
	@test -n "$(RECORDINGS)" || { echo "bench-ears: RECORDINGS=folder is missing; benchmarks/transcription.py says what lies in it" >&2; exit 1; }
	$(RUN) benchmarks/transcription.py $(RECORDINGS) --seconds 60

setup: .venv/check-set

# A stamp file stands for a set of installed packages; it is made again when pyproject.toml changes.

.venv/made: tools/bootstrap.py
	@test -n "$(PYTHON)" || { echo "partimento needs Python 3.11 or newer, and found none. Debian 12, Ubuntu 24.04: apt install python3; elsewhere: python.org/downloads" >&2; exit 1; }
	@echo "Making .venv with $(PYTHON) ..."
	@$(PYTHON) tools/bootstrap.py .venv
	@touch $@

.venv/demo-set: .venv/made pyproject.toml
	@echo "Installing partimento (about a minute the first time) ..."
	@$(PIP) .
	@touch $@

.venv/test-set: .venv/made pyproject.toml
	@echo "Installing partimento with torch and the test tools (a few minutes the first time) ..."
	@$(PIP) '.[train,test]'
	@touch $@ .venv/demo-set

.venv/check-set: .venv/test-set
	@$(PIP) '.[train,test,check]'
	@touch $@

.venv/bench-set: .venv/test-set
	@$(PIP) '.[train,test,bench]'
	@touch $@

# Others' ears, whose packages ask for versions that go neither with ours nor with each other's: they come without what they
# ask for, and what they need of it is listed. About 1.6 GB.

.venv-peers/made: tools/bootstrap.py benchmarks/peer_ears.txt
	@echo "Installing others' ears in .venv-peers ..."
	@$(PYTHON) tools/bootstrap.py .venv-peers
	@.venv-peers/bin/python -m pip --disable-pip-version-check install --quiet --requirement benchmarks/peer_ears.txt
	@.venv-peers/bin/python -m pip --disable-pip-version-check install --quiet --no-deps basic-pitch==0.4.0 transkun==2.0.1
	@touch $@

clean:
	rm -rf .venv .venv-peers dist composed .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests examples benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +
