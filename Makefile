# Needs Python (3.10 or newer, with venv) and make; everything else comes from the package index.

PYTHON ?= python3
PORT ?=
# Parallel test processes, each running whole files: more than cores, because tests mostly wait.
BESIDE ?= 6

bin := .venv/bin
# conftest.py orders the files so that no process ends much later than the others.
pytest := .ci/tests $(bin)/pytest --numprocesses $(BESIDE) --dist loadfile --no-loadscope-reorder --durations 20 --durations-min 5
heading = @printf '\n=== %s\n' "$(1)"

.PHONY: demo develop test check check-long clean
.PHONY: lint types layers migrations docs wheel js-types js-tests tests python-tests browser-tests
.NOTPARALLEL:
# It would otherwise select another project's settings.
unexport DJANGO_SETTINGS_MODULE
# Hundreds of test processes would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

demo: .venv/demo.stamp
	@exec $(bin)/python example_project/manage.py demo $(if $(PORT),--port $(PORT))

develop: .venv/develop.stamp

# Everything that starts no server, and the main tests of those that do.
test: .venv/compiled.stamp
	$(pytest) -m 'main or not whole'

# The tests keep all cores busy except while they wait, and the other steps fill the gaps.
check: .venv/develop.stamp
	@$(bin)/python .ci/beside.py tests lint types layers migrations docs js-types js-tests
	$(call heading,Everything passed)

# The same tests with larger numbers, longer programs and more variants: an hour and more.
check-long: .venv/compiled.stamp
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

# In a new clone, each of the processes that run tests would compile all of them.
.venv/compiled.stamp: .venv/develop.stamp
	-@$(bin)/pytest --collect-only -qq >/dev/null
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

# Shows only failures out of a thousand tests.
js-tests:
	$(call heading,JavaScript tests)
	@if command -v node >/dev/null; then \
		said=$$(node --test --test-reporter=tap $$(find tests/js -name '*.test.*') 2>&1) || \
			{ printf '%s\n' "$$said" | grep -B1 -A40 '^not ok'; exit 1; }; \
		printf '%s\n' "$$said" | grep -E '^# (pass|skipped) '; \
	elif [ -n "$$CI" ]; then echo 'node is missing' >&2; exit 1; \
	else echo 'node is missing: left out'; fi

# Browser tests are skipped if there is no Chromium; in CI that is a failure.
tests: .venv/compiled.stamp
	$(call heading,Python and browser tests)
	$(pytest)

python-tests: .venv/compiled.stamp
	$(call heading,Python tests)
	$(pytest) -m 'not browser'

browser-tests: .venv/compiled.stamp
	$(call heading,Browser tests)
	$(pytest) -m browser

clean:
	rm -rf .venv node_modules .tox .pythons .demo docs/_build build dist
