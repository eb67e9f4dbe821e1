"""What is uncertain is looked up beside the work, and does not keep it waiting."""

from app.devices.port import Unit
from tests.app.scene import Scene

LEFT = "SELECT count(*) FROM command WHERE tenant_id = $1 AND NOT settled"
ORDERS = 3


async def test_a_vendor_slow_to_look_things_up_is_asked_little_at_a_time_and_all_is_settled_in_the_end(
    books: Scene,
) -> None:
    await books.drive.work()
    books.hardware.fates = ["lost"] * ORDERS
    find, asked = books.hardware.find_reservation, []

    async def slowly(_bank: str, tracking: str) -> Unit | None:
        asked.append(tracking)
        books.now.pass_(8)
        return await find(_bank, tracking)

    books.hardware.find_reservation = slowly  # type: ignore[method-assign]
    for _ in range(ORDERS):
        await books.reserve()
    looks: list[int] = []
    while not looks or await books.of(LEFT, books.world.tenant):
        before = len(asked)
        await books.drive.work()
        looks.append(len(asked) - before)
        assert len(looks) < 2 * ORDERS
    assert max(looks) == 1
    assert len(set(asked)) == ORDERS


async def test_one_that_can_never_be_looked_up_leaves_room_for_the_others(books: Scene) -> None:
    await books.drive.work()
    books.hardware.fates = ["cut"] * ORDERS
    asked: list[str] = []

    async def slowly(_bank: str, tracking: str) -> Unit | None:
        asked.append(tracking)
        books.now.pass_(8)
        return None

    books.hardware.find_reservation = slowly  # type: ignore[method-assign]
    for _ in range(ORDERS):
        await books.reserve()
    for _ in range(ORDERS):
        await books.drive.work()
    assert len(set(asked)) == ORDERS
