"""Keeping watch that a bank is the one that was taken over, at every look and before every opening."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.devices.port import Adapter, Ambiguous, BankState, ContractBroken, DeviceError, Refused, Unreachable
from app.likeness import service
from app.likeness.model import Likeness, Meant, likeness_of, unlike
from app.lockers.model import Bank
from tenants.work import Work

# More than any adapter's own deadline for reading.
LOOK_SECONDS = 20.0
# Runs an act in a Work of the bank's tenant.
Write = Callable[[Callable[[Work], Awaitable[bool]]], Awaitable[bool]]


@dataclass(slots=True)
class Memory:
    """What a bank is known by, and in what its latest reading differed."""

    likeness: Likeness | None = None
    unlike: str | None = None


async def take_note(memory: Memory, write: Write, bank: Bank, state: BankState) -> bool:
    """Whether a person must be asked from now on. A reading that differs is enough to open nothing until the next one;
    two in a row are told, and open nothing until a person has seen it."""
    if memory.likeness is None:
        if state.units and await write(lambda work: service.learn(work, bank, state)):
            memory.likeness = likeness_of(state.units)
        return False
    before, what = memory.unlike, unlike(memory.likeness, state)
    memory.unlike = what
    if not (what and before) or bank.differs_since is not None:
        return False
    return await write(lambda work: service.differs(work, bank, what))


async def mistaken(
    memory: Memory, adapter: Adapter | None, bank: Bank, meant: Meant, lying: service.AskLying
) -> DeviceError | None:
    """Why a door must not be opened now, as it may not be the one that is meant. `adapter`: where the vendor's books
    are to be asked first."""
    if bank.differs_since is not None or memory.unlike:
        return Refused(f"The bank is not as it was taken over. {service.ADVICE}", reason="NOT_RECOGNISED")
    if adapter is None:
        return None
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await service.look_first(adapter, bank, memory.likeness, meant, lying)
    except (Ambiguous, ContractBroken) as error:
        return Unreachable(f"nothing was sent: {error.detail}")
    except DeviceError as error:
        return error
    except TimeoutError:
        return Unreachable("nothing was sent: the bank gave no answer in time")
    return None
