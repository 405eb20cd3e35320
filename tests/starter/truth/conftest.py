import pytest

from tests.starter.truth.small_world import Both


@pytest.fixture
def both():
    """Both sides of a small world, in agreement."""
    return Both()
