"""Our words to Modbus modules and back. No I/O: what is sent and what silence means is the client's."""

from collections.abc import Mapping
from typing import Any

from adapters import config
from adapters.generic import bank, transport
from adapters.generic.bank import BoardBank, Place
from adapters.generic.modbus_io.client import ModbusClient, Wiring, modbus_client
from adapters.generic.modbus_io.wire import ALL_OUTPUTS, PLAIN_MODE, Framing
from app.devices.port import Adapter, Check, Connection, Refused, Setting, SettingKind, Vendor

NAME = "modbus_io"
FLASH, ON_WAIT_OFF = "waveshare_flash", "on_wait_off"
# No solenoid stays under current for more than two seconds. A pulse that we time needs room for an order that is lost.
LONGEST_SECONDS = {FLASH: 2.0, ON_WAIT_OFF: 1.5}
CHANNELS, MOST_CHANNELS = 8, 64
ADDRESSES = 0x10000

SETTINGS = (
    *bank.SETTINGS,
    Setting("modules", SettingKind.LIST, 'device ids 1 to 255, or {"module": 2, "channels": 16}', default=[1]),
    Setting(
        "pulse",
        SettingKind.TEXT,
        f"{FLASH}: the module times it (Waveshare); {ON_WAIT_OFF}: we do (any other)",
        required=True,
    ),
    Setting("pulse_seconds", SettingKind.SECONDS, "how long a lock gets current, 2 at most", default=0.5),
    Setting(
        "watchdog",
        SettingKind.BOOLEAN,
        f"{ON_WAIT_OFF}: yes, the module ends its outputs itself when it hears nothing for 2 s less pulse_seconds",
    ),
    Setting("framing", SettingKind.TEXT, "tcp or rtu; tcp on socket:// and rtu elsewhere unless set"),
    Setting("door_inputs", SettingKind.BOOLEAN, "input n is the door switch of output n", default=True),
    Setting("closed_when", SettingKind.MAP, 'unit id, or "*" for all others, to the input (1 or 0) of a shut door'),
    Setting("first_input", SettingKind.INTEGER, "Modbus address of input 1", default=0),
    Setting("first_output", SettingKind.INTEGER, "Modbus address of output 1", default=0),
    Setting("output_modes", SettingKind.BOOLEAN, f"ask for the output mode before an order; on with {FLASH}"),
    Setting("baudrate", SettingKind.INTEGER, "of a serial device", default=9600),
    Setting("parity", SettingKind.TEXT, "of a serial device: N, E or O", default="N"),
)


def _read(connection: Connection) -> tuple[dict[str, Any], Wiring, dict[str, Place]]:
    given = config.values(SETTINGS, connection)
    transport.check_address(connection.base_url)
    _need(given["pulse"] in LONGEST_SECONDS, f"pulse must be {FLASH} or {ON_WAIT_OFF}")
    _need(
        given["pulse"] == FLASH or given["watchdog"],
        f"with {ON_WAIT_OFF} an output stays on when we are cut off: set the module's own watchdog to 2 s less "
        "pulse_seconds at most and say watchdog, or use a module that times its pulses",
    )
    _need(given["parity"] in {"N", "E", "O"}, "parity must be N, E or O")
    longest = LONGEST_SECONDS[given["pulse"]]
    _need(given["pulse_seconds"] <= longest, f"pulse_seconds must be {longest:g} at most with {given['pulse']}")
    modules = bank.boards_of([_board(each) for each in given["modules"]], range(1, 256), MOST_CHANNELS, CHANNELS)
    places = bank.places_of(modules, given)
    _need_addresses(given, max(modules.values(), default=1))
    wiring = Wiring(
        framing=_framing(given["framing"], connection.base_url),
        channels=modules,
        closed_when=_polarity(given["closed_when"] or {}, places),
        flash=given["pulse"] == FLASH,
        seconds=float(given["pulse_seconds"]),
        sensors=bool(given["door_inputs"]),
        modes=given["pulse"] == FLASH if given["output_modes"] is None else bool(given["output_modes"]),
        first_input=given["first_input"],
        first_output=given["first_output"],
        reply_seconds=bank.reply_seconds(given),
    )
    return given, wiring, places


def connect(connection: Connection) -> Adapter:
    given, wiring, places = _read(connection)
    client = modbus_client(connection.base_url, wiring, baudrate=given["baudrate"], parity=given["parity"])
    return ModbusBank(NAME, client, places, given, sensors=wiring.sensors, modes=wiring.modes)


class ModbusBank(BoardBank):
    """A bank of modules: besides the doors their output modes can be tried."""

    def __init__(
        self,
        vendor: str,
        client: ModbusClient,
        places: Mapping[str, Place],
        given: Mapping[str, Any],
        *,
        sensors: bool,
        modes: bool,
    ) -> None:
        super().__init__(vendor, client, places, given, sensors=sensors)
        self._modules = client
        self._modes = modes

    def checks(self, bank: str | None) -> tuple[Check, ...]:
        doors = super().checks(bank)
        return (*doors, *(self._mode_check(module) for module in self._boards())) if self._modes else doors

    def _mode_check(self, module: int) -> Check:
        async def look() -> str:
            wrong = [at for at, mode in enumerate(await self._modules.modes(module), 1) if mode != PLAIN_MODE]
            if wrong:
                raise Refused(f"outputs {', '.join(map(str, wrong))} are not in mode 0 (normal)", reason="OPEN_FAILED")
            return "all outputs obey plain orders"

        advice = "write 0 to the output mode registers (1000h + output), or set output_modes to false for other brands"
        return Check(f"module {module} has its outputs in mode 0", look, advice)


def _need_addresses(given: Mapping[str, Any], channels: int) -> None:
    """`channels`: of the largest module. One address is no output's: what is written there goes to all of them."""
    inputs, outputs = (range(given[name], given[name] + channels) for name in ("first_input", "first_output"))
    good = all(each.start >= 0 and each.stop <= ADDRESSES for each in (inputs, outputs))
    _need(good, f"first_input and first_output must be 0 to {ADDRESSES - channels}")
    clear = outputs.stop <= ALL_OUTPUTS if given["pulse"] == FLASH else ALL_OUTPUTS not in outputs
    _need(clear, f"no output may have address {ALL_OUTPUTS} (00FFh): an order to it opens every door of the module")


def _need(so: bool, words: str) -> None:
    if not so:
        raise Refused(words, reason=config.REASON)


def _board(described: object) -> object:
    """`{"module", "channels"}` in the words that all boards share."""
    if not isinstance(described, Mapping):
        return described
    words = {"module": "board", "channels": "locks"}
    return {words.get(str(name), str(name)): value for name, value in described.items()}


def _framing(given: str | None, address: str) -> Framing:
    is_socket = address.startswith("socket:")
    _need(given in {None, *Framing}, "framing must be tcp or rtu")
    _need(given != Framing.TCP or is_socket, "tcp frames need a socket:// address")
    return Framing(given) if given else Framing.TCP if is_socket else Framing.RTU


def _polarity(given: Mapping[str, Any], places: Mapping[str, Place]) -> dict[tuple[int, int], bool]:
    strange = given.keys() - places.keys() - {"*"}
    _need(not strange and all(value in (0, 1) for value in given.values()), "closed_when maps unit ids to 1 or 0")
    usual = given.get("*", 1)
    return {(place.board, place.lock): bool(given.get(id, usual)) for id, place in places.items()}


VENDOR = Vendor(
    name=NAME,
    title="Modbus relay and input modules",
    address_help="socket://host:502 for Modbus TCP or a converter, rfc2217://host:port, or a device as /dev/ttyUSB0",
    connect=connect,
    read=bank.entered(_read),
    settings=SETTINGS,
    hardware=transport.hardware,
)
