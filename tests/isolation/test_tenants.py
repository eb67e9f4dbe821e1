import json
import re
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from tests.e2e.world import World, act_text, keyed, wait_for
from tests.isolation.known import (
    SCHEMA,
    Ids,
    collect,
    filled,
    ids_selected,
    input_fields,
    is_connection,
    is_id,
    known,
    leaves,
    listed,
    meant,
    never,
    node_of,
    required,
    roots,
    type_of,
)

pytestmark = pytest.mark.slow
OURS, THEIRS = "owner", "other_owner"
# Mutations that name nothing that exists: they make something of the asker's own, or end it.
MAKES_ITS_OWN = {"connectVendor", "createPerson", "createSite", "signIn", "signOut"}
SILENCE_SECONDS = 1.5


@pytest.fixture(scope="module")
def ours(world: World) -> Ids:
    """What the first operator has, something of every kind; the second one must never get at it."""
    bank = world.banks("kerong_cu16")[0]
    given = {"bankId": bank["id"], "size": next(iter(bank["occupancy"]))["size"], "tracking": f"ISO-{time.time_ns()}"}
    for mutation, selection, more in (
        ("reserveCompartment", "... on Stay { id }", given),
        ("createApiKey", "... on CreateApiKeyPayload { secret }", {"name": "isolated", "scopes": ["site:read"]}),
        ("createExport", "... on Export { id }", {"kind": "STAYS", "format": "CSV"}),
        ("surveyBank", "... on Survey { id }", {"bankId": bank["id"]}),
        ("askOpening", "... on Opening { id }", {"bankId": bank["id"], "reason": "isolated"}),
    ):
        world.act(mutation, selection, OURS, **more)
    return known(world, OURS)


@pytest.fixture(scope="module")
def theirs(world: World, ours: Ids) -> Ids:
    return known(world, THEIRS)


def _everything(ids: Ids) -> list[str]:
    return sorted(each for found in ids.values() for each in found)


def _answer(world: World, query: str, **variables: Any) -> tuple[Any, str]:
    """Data, and the whole answer as text with ids and traces taken out, to compare."""
    response = world.post(query, variables, THEIRS)
    assert response.status_code < 500
    text = re.sub(r'"traceId":\s*"[^"]*"', "", response.text)
    for value in variables.values():
        for each in _ids_in(value):
            text = text.replace(each, "_")
    return response.json().get("data"), text


def _ids_in(value: Any) -> list[str]:
    found: Ids = {kind: set() for kind in SCHEMA.type_map}
    collect(value, found)
    return _everything(found)


def test_there_is_something_of_every_kind_to_be_kept_apart(ours: Ids, theirs: Ids) -> None:
    kinds = {node_of(field.type).name for field in roots("query").values() if is_connection(field)}
    assert not [kind for kind in sorted(kinds) if not ours.get(kind)]
    assert _everything(theirs)


def test_nothing_is_in_the_walks_of_both(ours: Ids, theirs: Ids) -> None:
    assert not set(_everything(ours)) & set(_everything(theirs))


@pytest.mark.parametrize("name", sorted(roots("query")))
def test_a_root_field_gives_a_foreign_id_nothing_and_no_hint_that_it_exists(world: World, ours: Ids, name: str) -> None:
    field = roots("query")[name]
    tried = 0
    for query, kind, as_variable in _askings(name):
        for id_ in sorted(ours[kind])[:4] if kind else _everything(ours)[::5]:
            data, text = _answer(world, query, x=as_variable(id_))
            seen: Ids = {each: set() for each in SCHEMA.type_map}
            collect(data, seen)
            assert not (set(_everything(seen)) - {id_}) & set(_everything(ours)), f"{name}: {text}"
            assert text == _answer(world, query, x=as_variable(never(id_)))[1], (
                "a foreign id looks unlike an unknown one"
            )
            tried += 1
    assert tried or name in {"vendors", "viewer"} or (is_connection(field) and not list(_askings(name))), (
        f"no rule covers {name}"
    )


def _askings(name: str) -> Iterator[tuple[str, str | None, Any]]:
    """Documents that put one id into one place of a root field, with the kind of id (None: any)."""
    field = roots("query")[name]
    type_ = get_named_type(field.type)
    selection = ids_selected(type_, 2)
    if is_connection(field):
        selection = f"{{ edges {{ node {ids_selected(node_of(field.type), 0)} }} }}"
    for argument, given in field.args.items():
        inner = get_named_type(given.type)
        query = f"query($x: {given.type}) {{ r: {name}({argument}: $x) {selection} }}"
        if is_id(given.type):
            kind = None if name in {"node", "nodes"} else meant(argument, name.capitalize())
            yield query, kind, lambda id_, t=given.type: listed(t, id_)
        elif isinstance(inner, GraphQLInputObjectType):
            for key, entry in inner.fields.items():
                if is_id(entry.type) and key != "actorId":
                    yield query, meant(key, "Site"), lambda id_, k=key, t=entry.type: {k: listed(t, id_)}


@pytest.mark.parametrize("name", sorted(roots("mutation")))
def test_a_mutation_refuses_a_foreign_id_as_if_it_did_not_exist_and_changes_nothing(
    world: World, ours: Ids, theirs: Ids, name: str
) -> None:
    fields = input_fields(name)
    places = [key for key, entry in fields.items() if is_id(entry.type)]
    assert places or name in MAKES_ITS_OWN, f"no rule covers {name}"
    if name in MAKES_ITS_OWN:
        return
    selection = "{ __typename ... on Error { message code } }"
    kind = roots("mutation")[name].args["input"].type
    document = f"mutation($input: {kind}) {{ r: {name}(input: $input) {selection} }}"
    for place in places:
        given = filled(kind) | {key: False for key in ("allSites", "allBanks") if key in fields}
        for key, entry in fields.items():
            if is_id(entry.type) and required(entry.type) and key != place:
                given[key] = listed(entry.type, _own(theirs, meant(key, name)))
        for id_ in sorted(ours[meant(place, name)])[:2]:
            before = _snapshot(world, id_)
            said = [
                _answer(world, document, input=given | keyed() | {place: listed(fields[place].type, each)})
                for each in (id_, never(id_))
            ]
            assert said[0][0]["r"]["__typename"].endswith("Error"), f"{place}: {said[0][1]}"
            assert said[0][1] == said[1][1], "a foreign id looks unlike an unknown one"
            assert _snapshot(world, id_) == before


def _own(ids: Ids, kind: str) -> str:
    return next(iter(ids.get(kind) or [never(next(iter(_everything(ids))))]))


def _snapshot(world: World, id_: str) -> Any:
    kind = str(type_of(id_))
    type_ = SCHEMA.type_map[kind]
    assert isinstance(type_, GraphQLObjectType)
    return world.ask(f"query($x: ID!) {{ node(id: $x) {{ ... on {kind} {{ {leaves(type_)} }} }} }}", {"x": id_}, OURS)


def test_no_act_of_the_other_operator_stands_in_the_first_ones_record(world: World) -> None:
    stranger = world.ask("{ viewer { name } }", who=THEIRS)["viewer"]["name"]
    edges = world.ask("{ audit(first: 200) { edges { node { actor } } } }", who=OURS)["audit"]["edges"]
    assert edges
    assert stranger not in {edge["node"]["actor"] for edge in edges}


def test_subscriptions_tell_the_first_operator_everything_and_the_other_nothing(world: World, ours: Ids) -> None:
    triggers = _triggers(world)
    assert set(triggers) == set(roots("subscription")), "a new subscription needs an act that makes it speak"
    with ExitStack() as open_:
        after, foreign = world.head(OURS), world.head(THEIRS)
        told = {
            name: open_.enter_context(
                world.watch(f"subscription {{ {name}(after: {json.dumps(after)}) {{ __typename }} }}")
            )
            for name in triggers
        }
        silent = []
        for name, field in roots("subscription").items():
            values = [
                (key, json.dumps(next(iter(sorted(ours[meant(key)])))))
                for key, a in field.args.items()
                if is_id(a.type)
            ]
            for extra in [
                f"after: {json.dumps(foreign)}",
                f"after: {json.dumps(after)}",
                *(f"{k}: {v}" for k, v in values),
            ]:
                document = f"subscription {{ {name}({extra}) {{ __typename }} }}"
                silent.append((document, open_.enter_context(world.watch(document, who=THEIRS))))
        for trigger in triggers.values():
            trigger()
        for name, watching in told.items():
            assert watching.next(15)["__typename"] != "ResyncRequiredEvent", name
        time.sleep(SILENCE_SECONDS)
        for document, watching in silent:
            heard = _waiting(watching)
            assert not [said for said in heard if said["type"] == "next"], document


def _waiting(watching: Any) -> list[dict[str, Any]]:
    heard = []
    try:
        while True:
            heard.append(watching.message(0.01))
    except TimeoutError:
        return heard


def _triggers(world: World) -> dict[str, Any]:
    bank = world.banks("kerong_cu16")[1]
    query = """query($filter: CompartmentFilter!) { compartments(first: 3, filter: $filter) {
      edges { node { id label } } } }"""
    wanted = {"bankId": bank["id"], "occupancy": "AVAILABLE", "door": "CLOSED"}
    doors = [edge["node"] for edge in world.ask(query, {"filter": wanted})["compartments"]["edges"]]

    def serve(state: str) -> None:
        given = {"compartmentId": doors[0]["id"], "service": state, "reason": "a test"}
        world.act("setServiceState", "... on Compartment { id }", **given)

    def force() -> None:
        world.door(bank, doors[1]["label"], "force")
        # Doors are read once a second: one that is shut again sooner may have been open between two looks.
        time.sleep(3)
        world.door(bank, doors[1]["label"], "close")

    return {
        "alarms": force,
        "commands": lambda: world.act(
            "openCompartment", "... on Command { id }", compartmentId=doors[2]["id"], reason="x"
        ),
        "compartments": lambda: serve("OUT_OF_SERVICE"),
        "events": lambda: serve("IN_SERVICE"),
        "exports": lambda: world.act("createExport", "... on Export { id }", kind="STAYS", format="CSV"),
    }


@pytest.mark.parametrize("kind", ["AUDIT", "STAYS"])
def test_an_export_holds_nothing_of_another_tenant_and_its_link_is_the_only_way_in(
    world: World, ours: Ids, kind: str
) -> None:
    def made(who: str) -> str:
        asked = world.ask(
            act_text("createExport", "... on Export { id }"),
            {"input": keyed() | {"kind": kind, "format": "NDJSON"}},
            who,
        )
        query = "query($id: ID!) { node(id: $id) { ... on Export { state downloadUrl } } }"
        id_ = {"id": asked["createExport"]["id"]}
        done = wait_for(lambda: (n := world.ask(query, id_, who)["node"])["state"] == "DONE" and n, 30)
        assert done
        assert world.ask(query, id_, THEIRS if who == OURS else OURS)["node"] is None
        return str(done["downloadUrl"])

    links = {who: made(who) for who in (OURS, THEIRS)}
    base = world.said["url"]
    files = {who: world.client.get(link if link.startswith("http") else base + link) for who, link in links.items()}
    assert {one.status_code for one in files.values()} == {200}
    numbers = {who: _numbers(file.text) for who, file in files.items()}
    assert numbers[OURS]
    assert numbers[THEIRS]
    assert not {_number(each) for each in _everything(ours)} & numbers[THEIRS]
    assert not numbers[OURS] & numbers[THEIRS] - _of_carriers(files[THEIRS].text)
    bare = links[OURS].split("?")[0]
    bare = bare if bare.startswith("http") else base + bare
    tokens = [re.search(r"token=([^&]+)", link) for link in links.values()]
    for query in ("", "?token=x", f"?token={tokens[1].group(1) if tokens[1] else ''}"):
        assert world.client.get(bare + query, headers=world.headers(THEIRS)).status_code in {401, 403, 404, 410}


def _of_carriers(file: str) -> set[str]:
    """Carriers and their couriers work for both operators, and stand in the records of both."""
    rows = [json.loads(line) for line in file.splitlines()]
    carriers = {str(row["carrier_id"]) for row in rows if row.get("carrier_id")}
    return carriers | {str(row["actor_id"]) for row in rows if row.get("organization_id") in carriers}


def _numbers(text: str) -> set[str]:
    """Every uuid in a file, plain or inside of a global id; not the one of nobody."""
    plain = set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))
    inside = {_number(each) for each in re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", text) if type_of(each)}
    return (plain | inside) - {str(UUID(int=0))}


def _number(id_: str) -> str:
    return b64decode(id_).decode().split(":")[1]
