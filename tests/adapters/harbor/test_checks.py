"""What is tried where nobody says at which tower."""

from adapters.harbor.simulator.cloud import CLIENT
from tests.adapters.harbor.rig import TOWER, harbor_rig


async def test_without_a_tower_the_first_that_is_listed_is_tried() -> None:
    async with harbor_rig() as rig:
        checks = rig.adapter.checks(None)
        assert [check.name for check in checks] == [check.name for check in rig.adapter.checks(TOWER)]
        occupied = list(rig.world.of(TOWER))[-1]
        occupied.status, occupied.owner = "occupied", CLIENT[0]
        for check in checks:
            assert await check.run(), check.name
        assert {tower for tower, _ in rig.world.pairs} == set(rig.world.issued) == {TOWER}
