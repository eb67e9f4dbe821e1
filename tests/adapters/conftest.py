from collections.abc import AsyncIterator

import pytest

from tests.adapters.rigs import Rig, kerong_rig, pitney_rig


@pytest.fixture
async def pitney() -> AsyncIterator[Rig]:
    async with pitney_rig() as rig:
        yield rig


@pytest.fixture
async def kerong() -> AsyncIterator[Rig]:
    async with kerong_rig() as rig:
        yield rig
