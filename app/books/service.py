"""Keeping a reservation that its vendor could not be told, and telling it once the bank answers."""

from app.devices import queries as devices
from app.devices import service as hardware
from app.devices.model import CommandState
from app.devices.port import OrderKind
from app.kit.streams import Sequenced
from app.lockers import queries as lockers
from app.stays import queries
from app.stays import service as stays
from app.stays.model import OPEN_BEFORE_DEPOSIT, Stay
from tenants.work import Work

MOST_TELLINGS = 4


async def kept(work: Work, stay: Stay) -> bool:
    """Whether a stay goes on although its reservation never left us: its operator wants the bank filled without an
    answer. Where the bank answers by now it is told at once, else by `on_bank`. The stay is locked."""
    door = await stays.door_of(work, stay)
    if not door.bank.blind_allocation:
        return False
    if not door.bank.reachable:
        return True
    if await devices.told(work.conn, stay.tenant_id, stay.id, OrderKind.RESERVE) >= MOST_TELLINGS:
        return False
    await stays.told(work, stay, door, OrderKind.RESERVE)
    return True


async def on_bank(work: Work, fact: Sequenced) -> None:
    """BankReachable: its vendor hears of what was reserved meanwhile. Safe to run twice: what was asked is not asked
    again."""
    bank = await lockers.by_id(work.conn, fact.tenant_id, fact.subject_id)
    if bank is None or not hardware.keeps_books(bank, OrderKind.RESERVE):
        return
    work.enter(fact.tenant_id)
    for id_ in await queries.before_deposit(work.conn, fact.tenant_id, bank=bank.id):
        stay = await queries.standing(work.conn, fact.tenant_id, id_)
        if stay is None or stay.state not in OPEN_BEFORE_DEPOSIT:
            continue
        last = await devices.last_told(work.conn, fact.tenant_id, id_, OrderKind.RESERVE)
        if last is CommandState.EXPIRED:
            await stays.told(work, stay, await stays.door_of(work, stay), OrderKind.RESERVE)
