from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from app.kit.db import Database
from tests.app.contents.rig import BookScene, pitney


@pytest.fixture
async def books(
    app_db: Database, worker_db: Database, admin_db: Database
) -> AsyncIterator[Callable[..., Awaitable[BookScene]]]:
    async with AsyncExitStack() as stack:

        async def make(*, strict: bool = True) -> BookScene:
            return await stack.enter_async_context(pitney(app_db, worker_db, admin_db, strict=strict))

        yield make
