# Two commands to know: `make demo` tries Galen, `make test` proves it. Both install what is missing
# (tools/setup.sh). Meson and Ninja do the building; ARGS are passed on to galen.
#
#   build        gcc, optimised, warnings are errors
#   build-asan   clang, AddressSanitizer and UndefinedBehaviorSanitizer

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/build-tools/bin:$(PATH)

GALEN := build/src/cli/galen
sources = $(shell find $(wildcard src tests bench fuzz examples) -name '*.[ch]')

.PHONY: help setup build demo test test-kubo run screenshots tsan bench gas coverage mutate fuzz-api fmt fmt-check sanitize clang \
    analyze clean

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup: ## install what is missing, for building and testing
	@tools/setup.sh test

build: ## build everything with gcc
	@tools/setup.sh build
	@[ -e build/build.ninja ] || CC=gcc meson setup build --werror
	@ninja -C build

demo: build ## the three workflows, end to end (ARGS="...")
	@$(GALEN) demo $(ARGS)

test: ## every test, with gcc and with clang's sanitizers, and the format check
	@tools/setup.sh test
	@tools/run-tests.sh

test-kubo: build ## the store, and six nodes, on real IPFS nodes, built from their Go module (needs Go)
	@tools/setup.sh test
	@GALEN_KUBO=$$(tools/kubo.sh) GALEN_SOURCE_ROOT=$(CURDIR) GALEN_BINARY=$(CURDIR)/$(GALEN) \
	    GALEN_MAKE_HOME=$(CURDIR)/build/tests/cli/make-home node --test tests/kubo/

run: build ## a node with made-up people of every role and its web page (ARGS="--listen ...")
	@$(GALEN) --home build/demo-home serve --demo $(ARGS)

screenshots: build ## the pictures in docs/images, taken anew
	@tools/setup.sh test
	@GALEN_SOURCE_ROOT=$(CURDIR) GALEN_BINARY=$(CURDIR)/$(GALEN) node tools/screenshots.mjs

tsan: ## the node's tests under ThreadSanitizer
	@tools/setup.sh test
	@[ -e build-tsan/build.ninja ] || \
	    CC=clang meson setup build-tsan -Db_sanitize=thread -Db_lundef=false
	@ninja -C build-tsan src/cli/galen tests/cli/make-home tests/node/test-embedded-chain contracts/DataHub.json
	@TSAN_OPTIONS=halt_on_error=1 meson test -C build-tsan --no-rebuild --suite node \
	    --wrapper $(CURDIR)/tools/tap-skip.sh --print-errorlogs

bench: build ## the measurements
	@meson test -C build --no-rebuild --benchmark --verbose --num-processes 1

gas: build ## measure the contract's calls (docs/gas.md)
	@node tools/gas-table.mjs build/contracts/DataHub.json

coverage: build ## every line and branch of the contract is reached by its Forge tests, or it fails
	@node tools/contract-coverage.mjs build/coverage

mutate: build ## every small change to the contract fails its Forge tests (ARGS="60", "all")
	@nice node tools/mutate.mjs build/mutate $(ARGS)

fuzz-api: build ## Schemathesis, pinned from PyPI, against a node as every role (ARGS="-n 100 buyer")
	@tools/setup.sh test
	@tools/fuzz-api/install.sh
	@GALEN_SOURCE_ROOT=$(CURDIR) GALEN_BINARY=$(CURDIR)/$(GALEN) \
	    GALEN_MAKE_HOME=$(CURDIR)/build/tests/cli/make-home node tools/fuzz-api/run.mjs $(ARGS)

fmt: ## format the C sources
	@tools/setup.sh test
	@clang-format -i $(sources)

fmt-check: ## fails when `make fmt` would change something
	@bad=$$(clang-format --dry-run $(sources) 2>&1 | sed -nE 's/^([^ :]+):[0-9]+:.*/\1/p' | sort -u); \
	[ -z "$$bad" ] || { echo "not formatted; make fmt mends it:" $$bad >&2; exit 1; }

sanitize: ## the tests under ASan and UBSan alone
	@tools/setup.sh test
	@tools/run-tests.sh build-asan

clang: ## build everything with clang
	@tools/setup.sh test
	@[ -e build-clang/build.ninja ] || CC=clang meson setup build-clang --werror
	@ninja -C build-clang

analyze: ## static analysis of the contract and of src (ARGS="solhint solc slither halmos gcc")
	@tools/setup.sh build
	@contracts/analysis/install.sh
	@node contracts/analysis/analyze.mjs $(ARGS)

clean: ## remove what was built (what was installed stays)
	@rm -rf build build-asan build-clang build-tsan build-analyze
