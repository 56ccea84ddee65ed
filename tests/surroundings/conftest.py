"""A host with other people's middleware, and a browser."""

from tests.e2e.conftest import browser, context  # noqa: F401
