"""Fixtures that every test may ask for: a real Postgres and the simulated outside."""

pytest_plugins = ["tests.fixtures.postgres", "tests.fixtures.sandbox"]


def pytest_addoption(parser):
    parser.addoption(
        "--record-histories",
        action="store_true",
        help="live every path of the workflows anew and write its history down for later replays",
    )
