"""Fixtures that every test may ask for: a real Postgres and the simulated outside."""

pytest_plugins = ["tests.fixtures.postgres", "tests.fixtures.sandbox"]
