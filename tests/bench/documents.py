"""The four reads and the mutation, in the product's words and in PostGraphile's, and how their answers are compared."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.bench.fill import TENANT, Scale

Json = Any

BOARD = "{ sites(first: 50) { edges { node { id name city timezone openAlarmCount offlineBankCount occupancy { size state count } } } } }"
NESTED = """{ sites(first: 20) { edges { node { id name banks(first: 4) { edges { node { id label
  compartments(first: 48) { edges { node { id label size occupancy door } } } } } } } } } }"""
AUDIT = """query($site: ID!, $action: [String!], $after: String) { audit(filter: {siteId: $site, action: $action}, first: 50, after: $after) {
  edges { node { id occurredAt actor action targetType targetId outcome reason requestId origin } } pageInfo { hasNextPage } } }"""
CURSOR = """query($site: ID!, $action: [String!], $after: String) { audit(filter: {siteId: $site, action: $action}, first: 200, after: $after) {
  edges { cursor } } }"""
PARCEL = """query($tracking: String) { parcels(filter: {tracking: $tracking}, first: 1) { edges { node { id tracking state
  stay { id state compartment { id label size bank { id label } site { id name timezone } } } } } } }"""
RESERVE = """mutation($bank: ID!, $tracking: String!, $key: String!) {
  reserveCompartment(input: {idempotencyKey: $key, bankId: $bank, size: S, tracking: $tracking}) { ... on Stay { id state compartment { id label size } } } }"""
RELEASE = """mutation($stay: ID!, $key: String!) {
  releaseStay(input: {idempotencyKey: $key, stayId: $stay, outcome: CANCELLED, reason: "bench"}) { ... on Stay { id state } } }"""

PG_BOARD = """{ allSites(first: 50, orderBy: [NAME_ASC]) { nodes { rowId name city timezone openAlarmCount offlineBankCount
  occupancy { nodes { size state count } } } } }"""
PG_NESTED = """{ allSites(first: 20, orderBy: [NAME_ASC]) { nodes { rowId name banksByTenantIdAndSiteId(first: 4, orderBy: [LABEL_ASC]) { nodes { rowId label
  compartmentsByTenantIdAndBankId(first: 48, orderBy: [LABEL_ASC]) { nodes { rowId label size occupancy door } } } } } } }"""
PG_AUDIT = """query($site: UUID!, $action: String!, $after: Cursor) { allAuditEntries(condition: {siteId: $site, action: $action}, first: 50, after: $after,
  orderBy: [OCCURRED_AT_DESC, PRIMARY_KEY_DESC]) { nodes { rowId occurredAt actorLabel action targetType targetId outcome reason requestId origin }
  pageInfo { hasNextPage } } }"""
PG_CURSOR = """query($site: UUID!, $action: String!, $first: Int!) { allAuditEntries(condition: {siteId: $site, action: $action}, first: $first,
  orderBy: [OCCURRED_AT_DESC, PRIMARY_KEY_DESC]) { edges { cursor } } }"""
PG_PARCEL = """query($tracking: String!) { allParcels(condition: {tracking: $tracking}, first: 1, orderBy: [CREATED_AT_DESC]) { nodes { rowId tracking state
  stay { rowId state compartmentByTenantIdAndCompartmentId { rowId label size bankByTenantIdAndBankId { rowId label }
  siteByTenantIdAndSiteId { rowId name timezone } } } } } }"""
PG_RESERVE = """mutation($bank: UUID!, $tracking: String!, $key: String!) {
  benchReserve(input: {bank: $bank, wanted: "S", tracking: $tracking, key: $key}) { result { stayId compartmentId }
    query { stayByTenantIdAndRowId(tenantId: "00000000-0000-7000-8000-00000000000a", rowId: "00000000-0000-7000-8000-000000000000") { rowId } } } }"""
PG_RELEASE = (
    "mutation($stay: UUID!, $key: String!) { benchRelease(input: {stay: $stay, key: $key}) { clientMutationId } }"
)


def uuid(kind: str, number: int) -> str:
    return f"00000000-0000-7000-80{kind}-{number:012x}"


def gid(name: str, kind: str, number: int) -> str:
    return base64.b64encode(f"{name}:{uuid(kind, number)}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Read:
    """One measured read: the document and variables as the product takes them, and as PostGraphile does."""

    name: str
    query: str
    variables: dict[str, object]
    pg_query: str
    pg_variables: dict[str, object]
    from_pg: Callable[[Json], Json]


def _renamed(value: Json, kind: str, names: dict[str, str], kinds: dict[str, str]) -> Json:
    """PostGraphile's spelling of an object turned into the product's: rowId -> global id, relation and field names."""
    if isinstance(value, list):
        return [_renamed(item, kind, names, kinds) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Json] = {}
    given: dict[str, Json] = value
    for name, inner in given.items():
        if name == "rowId":
            found["id"] = base64.b64encode(f"{kind}:{inner}".encode()).decode()
        elif isinstance(inner, dict) and set(inner) == {"nodes"} and names.get(name, name) != "occupancy":
            child = kinds[name]
            found[names.get(name, name)] = {
                "edges": [{"node": _renamed(item, child, names, kinds)} for item in inner["nodes"]]
            }
        elif isinstance(inner, dict) and "nodes" in inner:
            found[names.get(name, name)] = inner["nodes"]
        else:
            found[names.get(name, name)] = _renamed(inner, kinds.get(name, kind), names, kinds)
    return found


_NAMES = {
    "allSites": "sites",
    "allParcels": "parcels",
    "banksByTenantIdAndSiteId": "banks",
    "compartmentsByTenantIdAndBankId": "compartments",
    "compartmentByTenantIdAndCompartmentId": "compartment",
    "bankByTenantIdAndBankId": "bank",
    "siteByTenantIdAndSiteId": "site",
}
_KINDS = {
    "allSites": "Site",
    "allParcels": "Parcel",
    "banksByTenantIdAndSiteId": "Bank",
    "compartmentsByTenantIdAndBankId": "Compartment",
    "compartmentByTenantIdAndCompartmentId": "Compartment",
    "bankByTenantIdAndBankId": "Bank",
    "siteByTenantIdAndSiteId": "Site",
    "stay": "Stay",
}


def _plain(data: Json) -> Json:
    return _renamed(data, "Query", _NAMES, _KINDS)


def _audit(data: Json) -> Json:
    def entry(row: Json) -> Json:
        row = dict(row)
        row["id"] = base64.b64encode(f"AuditEntry:{row.pop('rowId')}".encode()).decode()
        row["actor"] = row.pop("actorLabel")
        row["occurredAt"] = row["occurredAt"].split("+")[0].split(".")[0] + ".000000Z"
        row["targetId"] = base64.b64encode(f"{row['targetType']}:{row['targetId']}".encode()).decode()
        return {"node": row}

    found = data["allAuditEntries"]
    return {"audit": {"edges": [entry(row) for row in found["nodes"]], "pageInfo": found["pageInfo"]}}


def reads(scale: Scale) -> list[Read]:
    """Site 1 holds entries of one action only, because entry n belongs to site 1 + n % sites and sites is a multiple of 5."""
    action = "compartment:open"
    door = scale.sites * 192 // 2 // 5 * 5 + 2
    tracking = f"BX{door:010d}"
    site: dict[str, object] = {"site": gid("Site", "01", 1), "action": [action]}
    return [
        Read("Q1 portfolio board", BOARD, {}, PG_BOARD, {}, _plain),
        Read("Q2 nested, 3,840 nodes", NESTED, {}, PG_NESTED, {}, _plain),
        Read("Q3 audit page, deep", AUDIT, site, PG_AUDIT, {"site": uuid("01", 1), "action": action}, _audit),
        Read("Q4 one parcel", PARCEL, {"tracking": tracking}, PG_PARCEL, {"tracking": tracking}, _plain),
    ]


def same(left: Json, right: Json) -> bool:
    """Equal as JSON values; the order of keys does not count, the order of lists does."""
    return bool(left == right)


__all__ = [
    "CURSOR",
    "PG_CURSOR",
    "PG_RELEASE",
    "PG_RESERVE",
    "RELEASE",
    "RESERVE",
    "TENANT",
    "Read",
    "gid",
    "reads",
    "same",
    "uuid",
]
