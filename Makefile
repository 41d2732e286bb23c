# make demo: from a bare checkout to denoised images. make test: everything installed, every test.
# the first of these that runs and is 3.11 or 3.12
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
MINOR = $(shell $(PYTHON) -c 'import sys; print(sys.version_info.minor)')
# Debian and Ubuntu split both of these off python3; root gets them installed
HAS_VENV := import ensurepip
HAS_LIBPYTHON := import ctypes, os, sys, sysconfig; \
	name = "libpython3.%d.so.1.0" % sys.version_info.minor; \
	path = os.path.join(sysconfig.get_config_var("LIBDIR") or "", name); \
	ctypes.CDLL(path if os.path.exists(path) else name)
APT = { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq $(1); }

# independent implementations that tests talk to: DICOM peers and validator, raw-data tools, MR reconstruction, a browser,
# another TLS; and what packs a package and takes its network away
PEERS := dcmtk orthanc orthanc-dicomweb dicom3tools ismrmrd-tools bart chromium chromium-driver \
	openssl zip unzip iproute2

# a process for each core, a file of tests in one of them
SPREAD := -n auto --dist loadfile

.PHONY: demo test fast peers lint proto served clean

demo: .venv/.serve
	$(BIN)/recon demo -o demo-output

# a test that fails is run once more and listed as RERUN: other programs on a machine can outlast a bound; what fails
# twice is wrong. Tests of whole services come one after the other.
test: .venv/.everything peers lint
	$(BIN)/python -m pytest -m "not service" --reruns 1 -rfEsR $(SPREAD)
	$(BIN)/python -m pytest -m service --reruns 1 -rfEsR

# what needs no service and takes no more than seconds
fast: .venv/.everything lint
	$(BIN)/python -m pytest -m "not service and not long" -x $(SPREAD)

# one room's tests: make test-io, make test-physics
test-%: .venv/.everything
	$(BIN)/python -m pytest tests/$*

# only root can install them; without them the tests that talk to a peer say so and are left out
peers:
	@missing=$$(dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(PEERS) 2>/dev/null | grep -c '^installed'); \
	if test "$$missing" != "$(words $(PEERS))"; then \
	$(call APT,$(PEERS)) > /dev/null || echo "NOT INSTALLED, so not tested against: $(PEERS)"; fi

lint: .venv/.everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy recon

proto: .venv/.everything
	$(BIN)/python -m recon.cli.proto

# the code beside the weights in triton_repo/, from recon/backend and what it needs of recon/physics
served: .venv/.everything
	$(BIN)/python -m recon.backend.build triton_repo

# The environments are made again when the list of dependencies changes, not when code does.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: apt install python3"; exit 1; }
	@$(PYTHON) -c '$(HAS_VENV)' || $(call APT,python3-venv) || { echo "needed: apt install python3-venv"; exit 1; }
	@$(PYTHON) -c '$(HAS_LIBPYTHON)' || $(call APT,libpython3.$(MINOR)) || { echo "needed: apt install libpython3.$(MINOR)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip

.venv/.serve: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[serve]'
	touch $@

.venv/.everything: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[serve,train,cluster,dev]'
	touch $@ .venv/.serve

clean:
	rm -rf .venv demo-output
