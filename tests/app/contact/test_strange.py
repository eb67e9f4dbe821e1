"""What a device says that nobody has words for: told, and never so often or so long that it fills the record."""

from datetime import UTC, datetime

from app.contact.model import LONGEST_NAME, MOST_STRANGE, TELL_AGAIN, Contact
from app.devices.port import BankState, Unmapped
from tests.app.contact.rig import look
from tests.app.scene import Scene

TOLD = "SELECT count(*) FROM fact WHERE tenant_id = $1 AND kind = 'StatusUnmapped'"


def state(*said: Unmapped) -> BankState:
    return BankState("B", (), datetime.now(UTC), unmapped=said)


async def test_a_word_that_changes_at_every_look_is_told_once_in_a_while(scene: Scene) -> None:
    for number in range(10):
        scene.hardware.unmapped = tuple(Unmapped(f"{door:03}", "seen", f"{number}") for door in range(1, 4))
        await look(scene)
    assert await scene.of(TOLD, scene.world.tenant) == 3
    await look(scene, TELL_AGAIN)
    assert await scene.of(TOLD, scene.world.tenant) == 6
    scene.hardware.unmapped = ()
    await look(scene)
    assert await scene.alarms() == {"UNMAPPED_STATUS": "CLEARED"}


def test_a_word_that_came_back_is_told_again() -> None:
    contact, said = Contact(), Unmapped("1", "size", "huge")
    assert contact.news(state(said), 0.0) == [("1", "size", "huge")]
    assert contact.news(state(said), 1.0) == []
    assert contact.over(state()) == [("1", "size")]
    assert contact.news(state(), 2.0) == []
    assert contact.news(state(said), 3.0) == [("1", "size", "huge")]


def test_however_much_is_said_little_is_kept() -> None:
    contact = Contact()
    flood = [Unmapped(f"{number}" * 500, "what" * 500, "raw" * 5000) for number in range(10_000)]
    news = contact.news(state(*flood), 0.0)
    assert len(news) == MOST_STRANGE == len(contact.strange)
    assert max(len(unit or "") + len(what) + len(raw) for unit, what, raw in news) <= 2 * LONGEST_NAME + 500
    assert contact.over(state(*flood)) == []
