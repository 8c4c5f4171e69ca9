# The commands of the project. `make demo` and `make test` need nothing but Python and make.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
RUN := $(VENV)/bin/python
PORT ?= 8000
WORKERS ?= 2
PYTEST := $(RUN) -m pytest -n $(WORKERS) --dist loadgroup -q -ra
ON_POSTGRESQL := $(RUN) -m testing.postgresql
# Tests that start no program; `make quick` takes most of them.
IN_PROCESS := not (proof or slow or browser or squid or tinyproxy or shared)
QUICK := $(IN_PROCESS) and not (pages or concurrency)
# What stores something: tested on both databases.
APPS := accounts backoffice catalog demo operations outbox payments practice questions safety studio testbank
# $(call timed,NAME,COMMAND): run the command, and print how long it took.
timed = @started=$$(date +%s); $(2) && echo "$(1): $$(($$(date +%s) - started)) s"

.DEFAULT_GOAL := help
.PHONY: help demo dev setup develop test quick quick-postgresql proof coverage check format requirements screenshots contact-sheets answers bench faults crashes lighthouse messages fault-table load clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/base.stamp ## Start the site with demo content and a Stripe sandbox
	@PORT=$(PORT) $(RUN) -m demo.launcher

dev: $(VENV)/base.stamp ## Start the demo with DEBUG, breakpoints, and automatic reloading (ARGS=--nothreading)
	@PORT=$(PORT) $(RUN) -m demo.dev $(ARGS)

setup: $(VENV)/base.stamp ## Install the packages that the site needs

develop: $(VENV)/development.stamp $(VENV)/mitmproxy.stamp ## Install the packages that tests and checks need

quick: $(VENV)/development.stamp ## Run the fast tests, without programs, browsers, and servers (about a minute)
	@$(PYTEST) -m "$(QUICK)" --hypothesis-profile=quick $(ARGS)

quick-postgresql: $(VENV)/development.stamp ## Run the database tests that start no programs, on PostgreSQL
	@$(ON_POSTGRESQL) $(PYTEST) -m "database and $(IN_PROCESS)" --hypothesis-profile=quick $(APPS) $(ARGS)

test: $(VENV)/development.stamp $(VENV)/mitmproxy.stamp ## Run all tests except the proofs (about 5 minutes)
	$(call timed,tests on SQLite,$(PYTEST) -m "not proof" $(ARGS))
	$(call timed,concurrency on PostgreSQL,$(ON_POSTGRESQL) $(PYTEST) -m "concurrency and not (proof or browser or squid)" $(APPS) $(ARGS))

proof: $(VENV)/development.stamp $(VENV)/mitmproxy.stamp ## Run the long tests: crashes, faults, recipes, fuzzing, PostgreSQL
	$(call timed,proofs,$(PYTEST) -m proof $(ARGS))
	$(call timed,property tests,$(PYTEST) -m "hypothesis and not proof" --hypothesis-profile=proof $(ARGS))
	$(call timed,database on PostgreSQL,$(ON_POSTGRESQL) $(PYTEST) -m "database and not (browser or squid or tinyproxy)" $(APPS) $(ARGS))

coverage: $(VENV)/development.stamp ## Print which lines are covered by the tests that start no programs
	@$(PYTEST) -m "$(IN_PROCESS)" --hypothesis-profile=quick --cov $(ARGS)

check: $(VENV)/development.stamp ## Check format, lint, types, templates, imports, and migrations
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	TESTBANK_ENV_FILE=testing/test.env $(VENV)/bin/mypy
	$(VENV)/bin/djlint --lint --quiet .
	$(VENV)/bin/lint-imports
	TESTBANK_ENV_FILE=testing/test.env $(RUN) manage.py makemigrations --check --dry-run
	TESTBANK_ENV_FILE=testing/test.env $(RUN) manage.py check --fail-level WARNING

format: $(VENV)/development.stamp ## Format the code
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

requirements: $(VENV)/development.stamp ## Update the pinned requirements
	for name in base mail sentry development mitmproxy; do $(VENV)/bin/uv pip compile --universal --python-version 3.11 \
	  --generate-hashes --no-header --quiet requirements/$$name.in -o requirements/$$name.txt || exit 1; done

screenshots: $(VENV)/development.stamp ## Save a screenshot of every demo page to screenshots/ (ONLY="375-dark 375-ar")
	@$(RUN) -m testing.screenshots $(ONLY)

contact-sheets: $(VENV)/development.stamp ## Take the screenshots and combine them into sheets in var/contact-sheets/
	@$(RUN) -m testing.contact_sheets $(ONLY)

fault-table: $(VENV)/development.stamp $(VENV)/mitmproxy.stamp ## Run the fault matrix and write its table to docs/network.md (ONLY="proxy silent,old tls")
	@$(RUN) -m e2e.fault_matrix $(if $(ONLY),"$(ONLY)")

faults: $(VENV)/development.stamp ## Inject faults during 2,000 purchases and count losses (SEED=, PURCHASES=, DATABASE=)
	@$(RUN) -m e2e.fault_bench $(if $(SEED),--seed $(SEED)) $(if $(PURCHASES),--purchases $(PURCHASES)) $(if $(DATABASE),--database $(DATABASE))

answers: $(VENV)/development.stamp ## Answer an exam 1,000 times with random interruptions, three seeds, and both databases (SEED=, COUNT=, DATABASE=)
	@$(RUN) -m e2e.answers $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT)) $(if $(DATABASE),--database $(DATABASE))

bench: $(VENV)/development.stamp ## Compare the site with a bare Django site (ONLY=detail,list …; 15 minutes)
	@$(RUN) -m benchmarks $(if $(ONLY),--only $(ONLY)) $(ARGS)

load: $(VENV)/development.stamp ## Measure concurrent learners, visitors, and buyers, and write docs/sizes.md (ARGS="--learners 60"; 5 minutes)
	@$(RUN) -m benchmarks.capacity $(ARGS)

crashes: $(VENV)/development.stamp ## Kill the site at every commit and every step of a call, and check recovery (15 minutes)
	@$(RUN) -m testing.crashing $(ARGS)

lighthouse: $(VENV)/development.stamp tools/lighthouse/node_modules ## Score the demo's pages with Lighthouse (needs npm)
	@$(RUN) -m testing.lighthouse

tools/lighthouse/node_modules: tools/lighthouse/package-lock.json
	@npm ci --prefix tools/lighthouse --silent
	@touch $@

messages: $(VENV)/development.stamp ## Add new sentences to locale/ and compile the translations (needs gettext)
	@TESTBANK_ENV_FILE=testing/test.env $(RUN) manage.py makemessages --all --no-location --no-obsolete \
	  --ignore .venv --ignore var --ignore node_modules --ignore benchmarks --ignore e2e --ignore testing
	@TESTBANK_ENV_FILE=testing/test.env $(RUN) manage.py compilemessages --ignore .venv

clean: ## Remove the virtual environment and the demo's data
	rm -rf $(VENV) var/demo* var/migrated .env.demo

$(VENV)/base.stamp: requirements/base.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found. Install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Environment: installing the pinned requirements into $(VENV) (a minute, the first time)"
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) tools/install_requirements.py requirements/base.txt "make $(MAKECMDGOALS)"
	@touch $@

$(VENV)/development.stamp: $(VENV)/base.stamp requirements/development.txt
	@echo "Environment: installing what tests and checks need"
	@$(RUN) tools/install_requirements.py requirements/development.txt "make $(MAKECMDGOALS)"
	@touch $@

# Its requirements clash with ours, so it has an environment of its own and runs as a program.
$(VENV)/mitmproxy.stamp: $(VENV)/base.stamp requirements/mitmproxy.txt
	@echo "Environment: installing mitmproxy beside it, for the tests of opened TLS"
	@test -x $(VENV)/mitmproxy/bin/python || $(RUN) -m venv $(VENV)/mitmproxy
	@if $(VENV)/mitmproxy/bin/python tools/install_requirements.py requirements/mitmproxy.txt "make $(MAKECMDGOALS)"; \
	  then touch $@; else echo "mitmproxy could not be installed: the tests that need it are skipped"; fi
