"""The demo world as data: who stands where, behind which hardware. Nothing here is random and nothing is real."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from uuid import UUID

# Kerong CU16: 16 locks a board, Modbus: 8 outputs a module. The others: units as the vendor counts them.
VENDORS = ("pitney", "kerong_cu16", "harbor_gateway", "modbus_io", "mqtt", "harbor")
PREFIXES = dict(zip(VENDORS, ("PB", "KR", "HG", "MB", "MQ", "01"), strict=True))
PITNEY_SIZES = {"S": "small", "M": "medium", "L": "large", "XL": "mlarge"}
HARBOR_TYPES = {"S": "small", "M": "medium", "L": "large", "XL": "x-large"}
GATEWAY_TYPES = {"S": "small", "M": "medium", "L": "large", "XL": "xlarge"}
# A column of a bank from top to bottom; repeated over its columns.
COLUMN = ("S", "S", "M", "S", "M", "S", "L", "XL")


def fixed_id(*words: object) -> UUID:
    """The same UUID for the same words, of version 8 (RFC 9562: ours to define), so that a seed is repeatable."""
    raw = bytearray(hashlib.sha256("/".join(map(str, words)).encode()).digest()[:16])
    raw[6] = 0x80 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return UUID(bytes=bytes(raw))


@dataclass(frozen=True)
class SitePlan:
    """`banks` names the vendor of each bank and how many compartments it has."""

    operator: str
    name: str
    address: str
    city: str
    country: str
    timezone: str
    locale: str
    latitude: float
    longitude: float
    banks: tuple[tuple[str, int], ...]

    @cached_property
    def id(self) -> UUID:
        return fixed_id("site", self.operator, self.name)

    @property
    def position(self) -> tuple[float, float]:
        """Latitude and longitude in degrees."""
        return self.latitude, self.longitude


@dataclass(frozen=True)
class BankPlan:
    site: SitePlan
    number: int
    vendor: str
    size: int

    @cached_property
    def external_id(self) -> str:
        if self.vendor == "harbor":
            # Sixteen hexadecimal digits, the first two for the sandbox.
            return f"{PREFIXES[self.vendor]}{self.id.hex[:14]}"
        words = "".join(word[0] for word in self.site.name.split())
        return f"{PREFIXES[self.vendor]}-{words}-{str(self.id)[:4]}-{self.number}"

    @cached_property
    def id(self) -> UUID:
        return fixed_id("bank", self.site.id, self.number)

    @property
    def label(self) -> str:
        return f"{'ABCDE'[self.number]}"

    def doors(self) -> Iterator["DoorPlan"]:
        for index in range(self.size):
            yield DoorPlan(self, index)


@dataclass(frozen=True)
class DoorPlan:
    bank: BankPlan
    index: int

    @cached_property
    def id(self) -> UUID:
        return fixed_id("compartment", self.bank.id, self.index)

    @property
    def label(self) -> str:
        return f"{self.bank.label}{self.index + 1:02d}"

    @cached_property
    def external_id(self) -> str:
        if self.bank.vendor == "harbor":
            return str(int(self.bank.id.hex[:5], 16) * 100 + self.index + 1)
        if self.bank.vendor == "kerong_cu16":
            return f"{self.index // 16}-{self.index % 16 + 1}"
        return f"{self.index // 8 + 1}-{self.index % 8 + 1}" if self.bank.vendor == "modbus_io" else str(self.index + 1)

    @property
    def size(self) -> str:
        return COLUMN[self.index % len(COLUMN)]

    @property
    def accessible(self) -> bool:
        return self.index % len(COLUMN) in {3, 4}


_P, _K, _G, _M, _Q, _H = VENDORS
_BANKS: dict[str, tuple[tuple[str, int], ...]] = {
    "LARGE": ((_P, 48), (_K, 48), (_P, 40)),
    "MIDDLE": ((_K, 48), (_P, 40)),
    "SMALL": ((_K, 48),),
    "GATEWAY": ((_K, 48), (_G, 24)),
    "TOWERS": ((_K, 48), (_P, 40), (_H, 24)),
    "CONTROLLERS": ((_K, 48), (_M, 16), (_Q, 16)),
}
RIVERSIDE, NORTHGATE = "Riverside Estates", "Northgate Campus"

# name | address | city | country | time zone | language | latitude | longitude | banks
_SITES = {
    RIVERSIDE: """
Edifício Aurora|Rua Vergueiro 1071|São Paulo|BR|America/Sao_Paulo|pt-BR|-23.57|-46.64|LARGE
Parque Ibirapuera|Rua Abílio Soares 233|São Paulo|BR|America/Sao_Paulo|pt-BR|-23.58|-46.65|LARGE
Jardim Botânico|Rua Pacheco Leão 915|Rio de Janeiro|BR|America/Sao_Paulo|pt-BR|-22.97|-43.22|MIDDLE
Torre Farol|Avenida Atlântica 2400|Florianópolis|BR|America/Sao_Paulo|pt-BR|-27.6|-48.55|MIDDLE
Solar do Cerrado|SQN 208 Bloco A|Brasília|BR|America/Sao_Paulo|pt-BR|-15.76|-47.88|SMALL
Alter Hafen|Am Speicher 14|Bremen|DE|Europe/Berlin|de|53.09|8.77|LARGE
Wharf Mills|3 Canal Reach|London|GB|Europe/London|en|51.54|-0.12|LARGE
Quayside Lofts|19 Broad Quay|Bristol|GB|Europe/London|en|51.45|-2.6|MIDDLE
Hudson Yard House|540 West 29th Street|New York|US|America/New_York|en|40.75|-74.0|LARGE
Harbor Point|60 Seaport Boulevard|Boston|US|America/New_York|en|42.35|-71.04|MIDDLE
Edificio Prado|Calle de Moratín 30|Madrid|ES|Europe/Madrid|es|40.41|-3.69|MIDDLE
Torres del Mar|Passeig de Garcia Fària 51|Barcelona|ES|Europe/Madrid|es|41.41|2.22|MIDDLE
Palacio Central|Carrer de Colón 18|Valencia|ES|Europe/Madrid|es|39.47|-0.37|SMALL
Spree Höfe|Köpenicker Straße 40|Berlin|DE|Europe/Berlin|de|52.51|13.42|MIDDLE
""",
    NORTHGATE: """
Library Hall|12 College Green|Leeds|GB|Europe/London|en|53.81|-1.55|TOWERS
Science Quarter|4 Institute Road|Leeds|GB|Europe/London|en|53.8|-1.56|GATEWAY
Residences East|77 Burley Street|Leeds|GB|Europe/London|en|53.8|-1.57|CONTROLLERS
""",
}


def _sites() -> Iterator[SitePlan]:
    for operator, table in _SITES.items():
        for line in table.strip().splitlines():
            name, address, city, country, zone, locale, latitude, longitude, banks = line.split("|")
            at = (float(latitude), float(longitude))
            yield SitePlan(operator, name, address, city, country, zone, locale, *at, _BANKS[banks])


SITES = tuple(_sites())
OPERATORS = (RIVERSIDE, NORTHGATE)
CARRIERS = ("Blue Heron Parcel", "Swift Lines", "Postbote Kurier")
EVERYTHING = (
    "COLLECT_EXPIRED",
    "COLLECT_RETURN",
    "DEPOSIT",
    "REOPEN_OWN",
    "RESERVE",
    "VIEW_AVAILABILITY",
    "VIEW_OWN_PARCELS",
)
DELIVERING = ("DEPOSIT", "REOPEN_OWN", "RESERVE", "VIEW_AVAILABILITY", "VIEW_OWN_PARCELS")


@dataclass(frozen=True, slots=True)
class GrantPlan:
    """`sites` None means all."""

    carrier: str
    operator: str
    operations: tuple[str, ...]
    sites: tuple[str, ...] | None = None
    sizes: tuple[str, ...] | None = None
    windows: tuple[Mapping[str, Any], ...] = ()
    max_open_stays: int | None = None
    max_deposits_per_day: int | None = None


GRANTS = (
    GrantPlan(CARRIERS[0], RIVERSIDE, EVERYTHING),
    GrantPlan(CARRIERS[0], NORTHGATE, DELIVERING, sizes=("S", "M")),
    GrantPlan(
        CARRIERS[1],
        RIVERSIDE,
        DELIVERING,
        sites=("Edifício Aurora", "Parque Ibirapuera", "Alter Hafen", "Wharf Mills", "Spree Höfe"),
        max_open_stays=400,
    ),
    GrantPlan(CARRIERS[1], NORTHGATE, EVERYTHING, max_deposits_per_day=5000),
    GrantPlan(
        CARRIERS[2],
        RIVERSIDE,
        DELIVERING,
        sites=("Spree Höfe", "Torres del Mar"),
        windows=({"days": [1, 2, 3, 4, 5, 6], "from": "06:00", "to": "22:00"},),
    ),
    GrantPlan(CARRIERS[2], NORTHGATE, ("VIEW_AVAILABILITY", "VIEW_OWN_PARCELS")),
)


@cache
def organization_id(name: str) -> UUID:
    return fixed_id("organization", name)


def banks(vendor: str | None = None) -> list[BankPlan]:
    """Every bank, in a fixed order."""
    found = [BankPlan(site, number, kind, size) for site in SITES for number, (kind, size) in enumerate(site.banks)]
    return [bank for bank in found if vendor in {None, bank.vendor}]


def describe_pitney() -> list[dict[str, Any]]:
    """What the Pitney simulator is given with --describe."""
    return [
        {
            "id": bank.external_id,
            "name": f"{bank.site.name} {bank.label}",
            "locationId": str(bank.site.id),
            "units": [
                {"id": d.external_id, "size": PITNEY_SIZES[d.size], "accessible": d.accessible} for d in bank.doors()
            ],
        }
        for bank in banks("pitney")
    ]


def describe_kerong() -> list[dict[str, Any]]:
    """What the CU16 simulator is given with --describe: a line of three boards a bank."""
    return [{"bank": bank.external_id, "boards": [0, 1, 2]} for bank in banks("kerong_cu16")]


def describe_gateway() -> list[dict[str, Any]]:
    """What the Gateway simulator is given with --describe."""
    return [
        {
            "id": bank.external_id,
            "name": f"{bank.site.name} {bank.label}",
            "lockers": [
                {"id": int(d.external_id), "type": GATEWAY_TYPES[d.size], "name": d.label} for d in bank.doors()
            ],
        }
        for bank in banks("harbor_gateway")
    ]


def describe_modbus() -> list[dict[str, Any]]:
    """What the Modbus simulator is given with --describe: a line of modules a bank."""
    return [
        {"bank": bank.external_id, "boards": list(range(1, bank.size // 8 + 1)), "framing": "tcp"}
        for bank in banks("modbus_io")
    ]


def describe_mqtt() -> list[dict[str, Any]]:
    """What the MQTT simulator is given with --describe: edge agents behind one broker."""
    return [{"bank": bank.external_id, "units": bank.size, "profile": "native_json"} for bank in banks("mqtt")]


def describe_harbor() -> list[dict[str, Any]]:
    """What the Harbor simulator is given with --describe: towers, each at a location of its own."""
    return [
        {
            "id": bank.external_id,
            "name": f"{bank.site.name} {bank.label}",
            "place": bank.site.name,
            "location": number,
            "timezone": bank.site.timezone,
            "units": [
                {"id": int(d.external_id), "name": d.label, "type": HARBOR_TYPES[d.size], "low": d.accessible}
                for d in bank.doors()
            ],
        }
        for number, bank in enumerate(banks("harbor"), 1)
    ]
