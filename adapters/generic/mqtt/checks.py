"""What `lockyard adapter check` tries at a broker."""

from collections.abc import Sequence

from adapters.checking import opening
from app.devices.port import Adapter, BankState, Check, Door


def checks_of(adapter: Adapter, bank: str | None) -> tuple[Check, ...]:
    """Raises nothing by itself; every check raises DeviceError when it fails."""

    async def states() -> Sequence[BankState]:
        return await adapter.list_banks() if bank is None else (await adapter.read_bank(bank),)

    async def broker() -> str:
        await adapter.list_banks()
        return "connected, and the topics of its controllers may be read"

    async def doors() -> str:
        counts = [f"{each.id} {_told(each)} of {len(each.units)}" for each in await states()]
        return f"banks and how many doors they tell: {', '.join(counts) or 'none'}"

    return (
        Check("the broker lets us in", broker, "compare address, user, password and the user's rights on topics"),
        Check("controllers tell their doors", doors, "compare prefix or topics; states must be retained"),
        opening(adapter, bank, "compare the command's topic and payload, and whether this user may publish there"),
    )


def _told(state: BankState) -> int:
    return sum(unit.door is not Door.UNKNOWN for unit in state.units)
