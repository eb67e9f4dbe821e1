"""The settings of a connection to a broker, and the dialect they ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from adapters import config
from adapters.generic.bank import within
from adapters.generic.mqtt.dialects import HaLock, NativeJson, Tasmota
from adapters.generic.mqtt.wire import Dialect
from app.devices.port import Connection, Refused, Setting, SettingKind

# No solenoid stays under current for more than two seconds.
LONGEST_PULSE_SECONDS = 2.0
# One that we end ourselves needs room for an off that is late, or lost and said again.
LONGEST_OWN_SECONDS = 1.5
PROFILES = ("native_json", "ha_lock", "tasmota")

SETTINGS = (
    Setting("profile", SettingKind.TEXT, f"what the controllers speak: {', '.join(PROFILES)}", required=True),
    Setting("bank", SettingKind.TEXT, "id of the bank; native_json without one finds all banks under the prefix"),
    Setting("name", SettingKind.TEXT, "name of the bank"),
    Setting("prefix", SettingKind.TEXT, "native_json: what all topics begin with, as lk/v1/acme", default="lk/v1"),
    Setting(
        "units",
        SettingKind.MAP,
        "ha_lock: unit id to {command, state, door, availability} topics; tasmota: to {device, relay, switch}",
    ),
    Setting("availability", SettingKind.TEXT, "ha_lock: topic on which the whole bank comes and goes"),
    Setting("open_payload", SettingKind.TEXT, "ha_lock: what opens, OPEN or UNLOCK", default="OPEN"),
    Setting("lock_payload", SettingKind.TEXT, "ha_lock: what ends an opening, as LOCK, where the lock does not"),
    Setting("full_topic", SettingKind.TEXT, "tasmota: FullTopic of the devices", default="%prefix%/%topic%/"),
    Setting("turned", SettingKind.BOOLEAN, "door contacts say ON when shut"),
    Setting("item_sensors", SettingKind.BOOLEAN, "native_json: sensors for content are fitted"),
    Setting("labels", SettingKind.MAP, "unit id to what stands on the door"),
    Setting("sizes", SettingKind.MAP, "unit id to size"),
    Setting("accessible", SettingKind.LIST, "unit ids in reach of a wheelchair"),
    Setting(
        "pulse_seconds", SettingKind.SECONDS, "how long a lock gets current, 2 at most (1.5: we end it)", default=0.5
    ),
    Setting("watch_seconds", SettingKind.SECONDS, "how long after an order a door may take to open", default=3.0),
    Setting("read_seconds", SettingKind.SECONDS, "how long a reading waits for the broker", default=3.0),
    Setting("poll_seconds", SettingKind.SECONDS, "how often the bank is read; changes come at once", default=2.0),
    Setting("keepalive_seconds", SettingKind.INTEGER, "how often the connection is proved, 5 to 300", default=10),
    Setting("protocol", SettingKind.TEXT, "3.1.1, or 5 where the broker has it", default="3.1.1"),
    Setting("username", SettingKind.TEXT, "user at the broker", secret=True),
    Setting("password", SettingKind.TEXT, "password at the broker", secret=True),
)
# What a broker is called in a connection's address.
SCHEMES: Mapping[str, tuple[bool, int]] = {"mqtt": (False, 1883), "mqtts": (True, 8883)}
_TOPICS = frozenset({"command", "state", "door", "availability"})


@dataclass(frozen=True, slots=True)
class Broker:
    """Where and how to connect. `five`: MQTT 5, in which an order that nobody fetches in time runs out there."""

    host: str
    port: int
    secure: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    keepalive: int = 10
    five: bool = False


def broker_of(connection: Connection, given: Mapping[str, Any]) -> Broker:
    """Raises Refused for an address that can never work; it must carry no credentials."""
    try:
        parts = urlsplit(connection.base_url)
        good = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        port = parts.port
    except ValueError:
        good, port, parts = False, None, urlsplit("")
    need(good and parts.path in {"", "/"}, "the address must be mqtt(s)://host or host:port, without user or password")
    secure, usual = SCHEMES[parts.scheme]
    need(given["protocol"] in {"3.1.1", "5"}, "protocol must be 3.1.1 or 5")
    need(within(given["keepalive_seconds"], range(5, 301)), "keepalive_seconds must be 5 to 300")
    return Broker(
        str(parts.hostname),
        port or usual,
        secure,
        given["username"],
        given["password"],
        given["keepalive_seconds"],
        given["protocol"] == "5",
    )


def hardware(connection: Connection) -> str | None:
    """A broker that lets everybody in opens the doors behind it for everybody."""
    broker = broker_of(connection, config.values(SETTINGS, connection))
    usual = {scheme: port for scheme, (_, port) in SCHEMES.items()}
    return None if broker.user else config.place(connection.base_url, usual)


def dialect_of(given: Mapping[str, Any]) -> Dialect:
    need(given["profile"] in PROFILES, f"profile must be one of {', '.join(PROFILES)}")
    need(given["pulse_seconds"] <= LONGEST_PULSE_SECONDS, f"pulse_seconds must be {LONGEST_PULSE_SECONDS:g} at most")
    if given["profile"] == "native_json":
        plain = [given["prefix"], given["bank"] or "x"]
        need(not any(set(word) & set("+#") for word in plain) and "/" not in plain[1], "topics must hold no + and no #")
        return NativeJson(given["prefix"].strip("/"), given["bank"], float(given["pulse_seconds"]))
    units = given["units"] or {}
    need(bool(given["bank"]) and bool(units), f"{given['profile']} needs bank and units")
    need(all(isinstance(described, Mapping) for described in units.values()), "units maps unit ids to what they are")
    turned = bool(given["turned"])
    if given["profile"] == "tasmota":
        placed = {unit: _placed(described) for unit, described in units.items()}
        _need_own([(device, relay) for device, relay, _ in placed.values()], "relay")
        _need_own([(device, switch) for device, _, switch in placed.values() if switch is not None], "switch")
        need({"%prefix%", "%topic%"} <= set(given["full_topic"].split("/")), "full_topic needs %prefix% and %topic%")
        return Tasmota(given["bank"], placed, full_topic=given["full_topic"].rstrip("/") + "/", turned=turned)
    for described in units.values():
        need("command" in described and described.keys() <= _TOPICS, "a unit has command, state, door, availability")
        need(all(_plain(topic) for topic in described.values()), "topics must be texts without + and #")
    for what in ("command", "door"):
        _need_own([described[what] for described in units.values() if what in described], f"{what} topic")
    return HaLock(
        given["bank"],
        units,
        availability=given["availability"],
        open_payload=given["open_payload"],
        lock_payload=given["lock_payload"] or None,
        turned=turned,
    )


def need(so: bool, words: str) -> None:
    if not so:
        raise Refused(words, reason=config.REASON)


def _need_own(things: Sequence[object], what: str) -> None:
    """Two units that share one would open, or watch, each other's doors."""
    need(len(set(things)) == len(things), f"every unit needs a {what} of its own")


def _plain(topic: object) -> bool:
    return isinstance(topic, str) and bool(topic) and not set(topic) & set("+#")


def _placed(described: Mapping[str, Any]) -> tuple[str, int, int | None]:
    device, relay, switch = described.get("device"), described.get("relay", 1), described.get("switch")
    span = range(1, 33)
    good = _plain(device) and within(relay, span) and (switch is None or within(switch, span))
    need(good and described.keys() <= {"device", "relay", "switch"}, "a unit has device, relay and switch")
    return str(device), int(relay), switch


def asked(connection: Connection) -> tuple[dict[str, Any], Broker, Dialect]:
    """What a connection must say besides from now on; those that were made before work as they did."""
    given, broker, dialect = read(connection)
    units = (given["units"] or {}).values() if given["profile"] == "ha_lock" else ()
    silent = any("door" in each and "availability" not in each for each in units) and not given["availability"]
    need(
        not silent,
        "say where units with a door tell that they are there (availability), or one that is gone reads as it was",
    )
    lasts = given["profile"] == "ha_lock" and given["open_payload"] == "UNLOCK" and given["lock_payload"] is None
    need(not lasts, 'UNLOCK lasts until LOCK: say lock_payload (LOCK, or "" where the lock ends it itself)')
    deaf = given["profile"] == "ha_lock" and given["lock_payload"] and any("state" not in each for each in units)
    _need_own([each["state"] for each in units if "state" in each], "state topic")
    need(not deaf, "say where units tell their state: we say lock_payload until they tell that it is so")
    ours = any(dialect.after(unit) is not None for _, unit in dialect.units())
    fits = not ours or given["pulse_seconds"] <= LONGEST_OWN_SECONDS
    need(fits, f"pulse_seconds must be {LONGEST_OWN_SECONDS:g} at most where we end the pulse")
    return given, broker, dialect


def read(connection: Connection) -> tuple[dict[str, Any], Broker, Dialect]:
    given = config.values(SETTINGS, connection)
    return given, broker_of(connection, given), dialect_of(given)
