"""Fixtures for all tests."""

pytest_plugins = ["tests.fixtures", "tests.telegram_server.fixtures"]
