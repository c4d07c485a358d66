SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

PREFIX ?= /usr/local
DESTDIR ?=

# The major version of the PostgreSQL to test against; empty means the installed one.
PG ?=
# Continuous integration repeats, on this version, the tests that talk to a server.
SECOND_PG := 18
SERVER_TESTS := ScenarioTests|PostgresTests|ApplyTests|DialectTests|VerifyTests|ReverseCaptureTests
# Except those that are about the file, the journal or the process, whatever the server.
ANY_SERVER := ScenarioTests\.(Assess|BadInput|Backup|CaptureCase|CrashMatrix|CutConnection|DraftPlan|Fuzz|JournalDamage|Living|MigrationTool|RandomSchema|ReplacedSource|Restore|Stopping|SwitchVictim)Tests

SWIFT_SOURCES := Package.swift Sources Tests triggers journal
BINARY := .build/release/changeover

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the release binary, .build/release/changeover
	@scripts/install-dependencies build
	@echo "==> Building $(BINARY)"
	swift build -c release --static-swift-stdlib --product changeover

# Builds only what is missing: under sudo there is often no swift.
$(BINARY):
	@$(MAKE) --no-print-directory build

.PHONY: install
install: $(BINARY) ## Install the built binary under PREFIX (/usr/local); DESTDIR is heeded
	@echo "==> Installing $(DESTDIR)$(PREFIX)/bin/changeover"
	install -D -m 755 $(BINARY) "$(DESTDIR)$(PREFIX)/bin/changeover"

.PHONY: lint
lint: ## Check the formatting of the Swift sources
	@echo "==> Checking the formatting"
	swift format lint --strict --recursive $(SWIFT_SOURCES)

.PHONY: format
format: ## Format the Swift sources in place
	@echo "==> Formatting"
	swift format --in-place --recursive $(SWIFT_SOURCES)

# Under a throw-away server, with the binary that `swift build` made. A crash's backtrace process could hang the run.
# Three tests at a time: the scenarios start processes of their own, and dozens of them at once miss their deadlines.
define run_tests
SWIFT_BACKTRACE=enable=no SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=3 \
  CHANGEOVER_BINARY="$$(swift build --show-bin-path)/changeover" \
  scripts/with-postgres $(if $(1),--pg $(1)) swift test --skip-build $(2)
endef

.PHONY: test
test: ## Lint, build and run every test on a throw-away PostgreSQL; PG=18 chooses its version
	@scripts/install-dependencies test
	@$(MAKE) --no-print-directory lint
	@scripts/migration-tools >/dev/null || echo "==> No Django and Alembic from PyPI: MigrationToolTests are skipped"
	@echo "==> Building the tests"
	swift build --build-tests
	@echo "==> Testing on $(if $(PG),PostgreSQL $(PG),the installed PostgreSQL)"
	$(call run_tests,$(PG),)
ifeq ($(CI)$(PG),true)
	@echo "==> Testing on PostgreSQL $(SECOND_PG)"
	$(call run_tests,$(SECOND_PG),--filter '$(SERVER_TESTS)' --skip '$(ANY_SERVER)')
endif

# Random schemas, thousands of them; CHANGEOVER_RANDOM_SEED=17 runs one alone.
SEEDS ?= 2000
FIRST ?= 1
.PHONY: random
random: ## Move random tables and compare them; SEEDS=5000 FIRST=1 say which
	@scripts/install-dependencies test
	swift build --product changeover
	scripts/with-postgres python3 Tests/Support/random_schema.py "$$(swift build --show-bin-path)/changeover" \
	  --first $(FIRST) --seeds $(SEEDS)

# Verifies beside live writers, hundreds of them: any difference is a false alarm.
RUNS ?= 300
.PHONY: soak
soak: ## Verify again and again beside live writers; RUNS=300 says how often
	@scripts/install-dependencies test
	swift build --build-tests
	@export CHANGEOVER_VERIFY_RUNS=$(RUNS); $(call run_tests,$(PG),--filter 'ScenarioTests.Verify(Back)?Tests/.(beside|without a write)')

# Histories of statements; those of the test suite and as many more as one likes. DDL=1 changes schemas too.
DDL ?=
.PHONY: fuzz
fuzz: .cache/sqlite-libraries ## Random statements against a sync that is killed; SEEDS=5000 FIRST=1 say which
	@scripts/install-dependencies test
	swift build --product changeover
	scripts/with-postgres python3 Tests/Support/fuzz.py "$$(swift build --show-bin-path)/changeover" \
	  --first $(FIRST) --seeds $(SEEDS) $(if $(DDL),--ddl)

# Newer versions of SQLite for the writers; without them the fuzzer uses Python's own and says so.
.cache/sqlite-libraries:
	python3 -m venv $@ && $@/bin/pip install -q --only-binary :all: apsw pysqlite3-binary || \
	  echo "==> No wheels of SQLite: the writers use Python's own version only"

.PHONY: cuts
cuts: ## Cut the connection at every message of a first copy, which takes half an hour
	@scripts/install-dependencies test
	swift build --product changeover
	scripts/with-postgres python3 Tests/Support/cut_sweep.py "$$(swift build --show-bin-path)/changeover" copy

SECONDS ?= 600
.PHONY: there-and-back
there-and-back: ## Move an application there and back that writes 300 times a second; SECONDS=600 in PostgreSQL
	@scripts/install-dependencies test
	swift build --build-tests
	@export CHANGEOVER_TEST_STAY_SECONDS=$(SECONDS); $(call run_tests,$(PG),--filter 'ScenarioTests.ThereAndBackTests/.every acknowledged')

.PHONY: fuzz-decoders
fuzz-decoders: ## Let libFuzzer loose on the journal's decoder and the SQL parser, SECONDS=600 each
	scripts/fuzz-decoders $(SECONDS)

.PHONY: demo
demo: ## Move a running application to a throw-away PostgreSQL, before your eyes
	@scripts/install-dependencies demo
	@$(MAKE) --no-print-directory build
	@echo "==> Running the demo"
	scripts/with-postgres python3 demo/demo.py $(BINARY)

# BENCH names some of them; benchmarks/run --list tells which there are.
BENCH ?=
.PHONY: bench
bench: ## Measure against the baselines on this machine; BENCH="copy pause" chooses
	benchmarks/run $(BENCH)

.PHONY: clean
clean: ## Remove what was built and downloaded
	@echo "==> Removing .build and .cache"
	rm -rf .build .cache
