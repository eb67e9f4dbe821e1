"""Mutations: each is one function that translates the input, does its work in one transaction, and names the answer.

A module here (`stays.py`, `lockers.py`, …) holds functions and one dict, keyed by the name of the field in the schema:

    async def reserve_compartment(call: Call) -> Outcome:
        bank_id = call.id("bank_id", "Bank")
        async with call.context.begin(call.key) as work:
            stay = await service.reserve(work, ReserveCompartment(bank_id, call.given["size"], ...))
            work.answer = ("Stay", stay.id)
        return work.answer

    MUTATIONS: Mutations = {"reserveCompartment": reserve_compartment}

What arrives     `call.given`: the coerced `input`, names in snake_case, defaults filled in, enums as the core's
                 StrEnums, DateTime aware, ID as the raw text: take it with `call.id`, `call.ids`, `call.optional_id`.
                 An optional field left out is absent: use `.get`. Given as null it is None.
What goes back   `(type name, uuid)`: read back through the read path after commit, in one statement;
                 `Payload(type name, {field in camelCase: value})` for a type that is no entity. A value may again be
                 `(type name, uuid)`, a Payload, `Seen(actor)` where the type is Viewer; or a bare scalar (`signOut`).
                 An entity of the union is read along with the commit, see tenants.work.Closing: nothing to do here.
What is raised   a LockyardError becomes the problem of the result's union (NotFound -> NotFoundError, …). Anything else
                 is a fault: masked to the caller, whole in the log.
Replay           raised by `context.begin(call.key)`: do not catch it, the first answer is read back. Only where the
                 answer is no entity of the union (DeletePayload, CreateApiKeyPayload) catch it and build the payload
                 again, or raise a Conflict.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import NotFound
from app.kit.ids import parse_global_id
from tenants.model import Actor
from tenants.work import Answer, Closing, Context, Key, Replay, Work

MODULES = ("identity", "stays", "lockers", "commands", "alarms", "sites", "people", "carriers", "reports", "vendors")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Payload:
    """An object that is no entity: field values by their name in the schema."""

    type: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Seen:
    """Read the field as this actor: who has just signed in is not who asked."""

    actor: Actor


Outcome: TypeAlias = Answer | Payload | bool | str


@dataclass(frozen=True, slots=True)
class Call:
    """One mutation as asked. `parts` are what the wiring hands to mutations by name, such as the vault of secrets."""

    name: str
    given: Mapping[str, Any]
    db: Database
    clock: Clock
    actor: Actor | None
    request_id: str
    origin: str
    parts: Mapping[str, Any]
    closing: Closing | None = None

    @property
    def context(self) -> Context:
        """The door to a transaction. Only for callers who are signed in; the engine refuses all others but `signIn`."""
        if self.actor is None:
            raise ValueError(f"{self.name} was called by nobody")
        return Context(
            self.db, self.actor, request_id=self.request_id, origin=self.origin, clock=self.clock, closing=self.closing
        )

    @property
    def key(self) -> Key | None:
        """The idempotency key, bound to this mutation and this very input."""
        key = self.given.get("idempotency_key")
        rest = {name: value for name, value in self.given.items() if name != "idempotency_key"}
        return None if key is None else Key.of(key, self.name, rest)

    def id(self, field: str, type_name: str) -> UUID:
        """The uuid behind a required ID; NotFound where it is not the id of such a thing."""
        return read_id(self.given[field], type_name, field)

    def optional_id(self, field: str, type_name: str) -> UUID | None:
        value = self.given.get(field)
        return None if value is None else read_id(value, type_name, field)

    def ids(self, field: str, type_name: str) -> tuple[UUID, ...]:
        return tuple(read_id(value, type_name, field) for value in self.given.get(field) or ())

    def part(self, name: str, kind: type[T]) -> T:
        """What the wiring handed over under this name."""
        found = self.parts[name]
        assert isinstance(found, kind), f"part {name} is not a {kind.__name__}"
        return found


Mutation: TypeAlias = Callable[[Call], Awaitable[Outcome]]
Mutations: TypeAlias = dict[str, Mutation]


def read_id(value: str, type_name: str, field: str) -> UUID:
    """Malformed, of another type, unknown: the same words for all."""
    found = parse_global_id(value)
    if found is None or found[0] != type_name:
        head, *rest = field.split("_")
        raise NotFound(f"There is no such {type_name.lower()}.", path=(head + "".join(map(str.title, rest)),))
    return found[1]


async def delete(call: Call, type_name: str, act: Callable[[Work, UUID], Awaitable[None]]) -> Payload:
    """Delete the thing that the input's `id` names, by `act`."""
    id_ = call.id("id", type_name)
    # Replayed, the thing is gone: there is nothing to read back, and the answer is known.
    with suppress(Replay):
        async with call.context.begin(call.key) as work:
            await act(work, id_)
            work.answer = (type_name, id_)
    return Payload("DeletePayload", {"deletedId": call.given["id"]})


def registry() -> Mutations:
    """Every mutation by its name in the schema, from the modules of this package."""
    found: Mutations = {}
    for name in MODULES:
        if find_spec(f"{__name__}.{name}") is not None:
            found |= import_module(f"{__name__}.{name}").MUTATIONS
    return found
