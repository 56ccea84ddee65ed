# Needs Python (3.10 or newer, with venv) and make; everything else comes from the package index.

PYTHON ?= python3
PORT ?=
# Test processes side by side, a file of tests in one of them: more than cores, since most tests wait for others.
BESIDE ?= 4

bin := .venv/bin
# conftest.py has the files in an order that ends well.
pytest := $(bin)/pytest --numprocesses $(BESIDE) --dist loadfile --no-loadscope-reorder --durations 20 --durations-min 5
heading = @printf '\n=== %s\n' "$(1)"

.PHONY: demo develop test check check-long clean
.PHONY: lint types layers migrations docs wheel js-types js-tests tests python-tests browser-tests
.NOTPARALLEL:
# The one of another project would be asked for instead.
unexport DJANGO_SETTINGS_MODULE

demo: .venv/demo.stamp
	@exec $(bin)/python example_project/manage.py demo $(if $(PORT),--port $(PORT))

develop: .venv/develop.stamp

# Everything that starts no server, and the main tests of those that do.
test: .venv/develop.stamp
	$(pytest) -m 'main or not whole'

# The tests keep all cores busy when they do not wait, and the other steps fill the gaps.
check: .venv/develop.stamp
	@$(bin)/python .ci/beside.py tests lint types layers migrations docs js-types js-tests
	$(call heading,Everything passed)

# The same tests with the numbers, programs and variants that take long: an hour and more.
check-long: .venv/develop.stamp
	LOGTAIL_LONG=1 $(pytest)

# --- what they need ---------------------------------------------------------------------------------------------------

# pip is upgraded first: dependency groups need pip 25.1.
.venv/demo.stamp: pyproject.toml
	$(call heading,Install the package and what the demo needs)
	test -x $(bin)/python || $(PYTHON) -m venv .venv
	$(bin)/python -m pip install -qq --upgrade 'pip>=25.1'
	$(bin)/python -m pip install -qq --editable '.[regex,demo]'
	@touch $@

.venv/develop.stamp: .venv/demo.stamp
	$(call heading,Install what the tests need)
	$(bin)/python -m pip install -qq --editable '.[regex,demo]' --group test --group lint --group docs
	@touch $@

# --- the steps of check -----------------------------------------------------------------------------------------------

lint: .venv/develop.stamp
	$(call heading,Format and lint)
	$(bin)/ruff format --check
	$(bin)/ruff check

types: .venv/develop.stamp
	$(call heading,Types)
	$(bin)/mypy

layers: .venv/develop.stamp
	$(call heading,Import layers)
	$(bin)/lint-imports

migrations: .venv/develop.stamp
	$(call heading,Missing migrations)
	DJANGO_SETTINGS_MODULE=tests.settings $(bin)/python -m django makemigrations --check --dry-run

docs: .venv/develop.stamp
	$(call heading,Documentation)
	$(bin)/sphinx-build -W --keep-going -q docs docs/_build/html

wheel: .venv/develop.stamp
	$(call heading,What the wheel holds)
	$(bin)/pytest tests/test_wheel.py -k holds

js-types:
	$(call heading,JavaScript types)
	@if command -v npm >/dev/null; then $(MAKE) -s node_modules/.stamp && node_modules/.bin/tsc; \
	elif [ -n "$$CI" ]; then echo 'npm is missing' >&2; exit 1; \
	else echo 'npm is missing: left out'; fi

node_modules/.stamp: package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@

# What is said of each of a thousand is shown when one fails.
js-tests:
	$(call heading,JavaScript tests)
	@if command -v node >/dev/null; then \
		said=$$(node --test --test-reporter=tap $$(find tests/js -name '*.test.*') 2>&1) || \
			{ printf '%s\n' "$$said" | grep -B1 -A40 '^not ok'; exit 1; }; \
		printf '%s\n' "$$said" | grep -E '^# (pass|skipped) '; \
	elif [ -n "$$CI" ]; then echo 'node is missing' >&2; exit 1; \
	else echo 'node is missing: left out'; fi

# Those of the browser are left out by themselves where no Chromium is found; in CI that is a failure.
tests: .venv/develop.stamp
	$(call heading,Python and browser tests)
	$(pytest)

python-tests: .venv/develop.stamp
	$(call heading,Python tests)
	$(pytest) -m 'not browser'

browser-tests: .venv/develop.stamp
	$(call heading,Browser tests)
	$(pytest) -m browser

clean:
	rm -rf .venv node_modules .tox .pythons .demo docs/_build build dist
