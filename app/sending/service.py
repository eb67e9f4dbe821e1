"""What is asked before a command leaves us: whether it still may, and whether its door is still meant."""

from dataclasses import replace
from uuid import UUID

from app.devices import events as command_events
from app.devices import queries as devices
from app.devices import service as hardware
from app.devices import store as commands
from app.devices.model import Command, CommandState, Purpose
from app.devices.port import OrderKind
from app.issuing import service as issuing
from app.orders.model import reference_of
from app.stays import queries as stays
from app.stays.model import State
from tenants.work import Work


async def sent(work: Work, command: Command, seen_openings: int | None, revision: int) -> Command | None:
    """REQUESTED -> SENT, committed before anything leaves us. None when it is another's, too late, or not allowed.
    `revision`: of the bank, as whoever sends knows it."""
    if await _over(work, command) or await hardware.bar(work, command):
        return None
    if command.kind is OrderKind.ISSUE_ACCESS:
        await issuing.look_again(work, command)
    fence = await commands.claim(work.conn, command, work.now, seen_openings, revision)
    if fence is None:
        return None
    after = replace(command, state=CommandState.SENT, sent_at=work.now, seen_openings=seen_openings, fence=fence)
    work.emit(command_events.of_command("CommandSent", after))
    return after


async def sent_again(work: Work, command: Command, revision: int) -> bool:
    """Before what has not left us is sent once more; not where it is not allowed, or another's by now."""
    if await _over(work, command) or await hardware.bar(work, command):
        return False
    return await commands.hold(work.conn, command, revision)


async def _over(work: Work, command: Command) -> bool:
    """The stay it was asked for has ended since, or its vendor has just refused it: its door is free, or another's.
    Staff may find anybody there."""
    if command.kind is not OrderKind.OPEN or reference_of(command) is None or command.stay_id is None:
        return False
    # Locked, and before the command's own row: it does not end between this and the sending.
    stay = await stays.standing(work.conn, work.tenant, command.stay_id)
    if stay is None or stay.state is State.RELEASED:
        words = "The stay had ended before this was sent."
    elif command.purpose is Purpose.DEPOSIT and await _refused_stay(work, stay.id):
        words = "The vendor did not take the reservation."
    else:
        return False
    await hardware.call_off(work, command, words)
    return True


async def _refused_stay(work: Work, stay_id: UUID) -> bool:
    return (await devices.came_of(work.conn, work.tenant, stay_id, OrderKind.RESERVE))[:1] == [CommandState.FAILED]
