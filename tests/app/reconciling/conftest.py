from tests.app.commissioning.conftest import hardware, world

__all__ = ["hardware", "world"]
