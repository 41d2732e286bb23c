# make demo: from a bare checkout to denoised images. make test: everything installed, every test.
PYTHON ?= $(shell command -v python3.12 || command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo test lint proto clean

demo: .venv/.serve
	$(BIN)/recon demo -o demo-output

test: .venv/.everything lint
	$(BIN)/python -m pytest

lint: .venv/.everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy recon

proto: .venv/.everything
	$(BIN)/python -m recon.cli.proto

# The environments are made again when the list of dependencies changes, not when code does.
.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip

.venv/.serve: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[serve]'
	touch $@

.venv/.everything: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[serve,train,dev]'
	touch $@ .venv/.serve

clean:
	rm -rf .venv demo-output
