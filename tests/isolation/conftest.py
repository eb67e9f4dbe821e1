import pytest

from tests.e2e.world import World, end_shared, shared


@pytest.fixture(scope="session")
def world() -> World:
    """A whole Lockyard with simulated hardware, shared by all tests that need one."""
    return shared()


def pytest_sessionfinish() -> None:
    end_shared()
