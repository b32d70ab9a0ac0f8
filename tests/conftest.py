"""Fixtures for all tests."""

pytest_plugins = ["tests.telegram_server.fixtures"]
