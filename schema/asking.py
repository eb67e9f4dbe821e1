"""A subscription as asked: its arguments, and what is selected of each kind of message, ready to be written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from graphql import FieldNode, OperationDefinitionNode, VariableNode, Visitor, visit

from app.kit.ids import parse_global_id
from app.kit.streams import Sequenced, write_cursor
from schema import misfits
from schema.documents import Document
from schema.engine import Request
from schema.errors import Code, refusal
from schema.livefields import FIELDS, Live
from schema.selection import Runs, collect

RESYNC = "ResyncRequiredEvent"
RESYNC_MESSAGE = "The cursor is no longer kept. Read the present state, then subscribe again from this cursor."

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One subscription as asked: field, arguments, and what is selected of each kind of message."""

    live: Live
    field: str
    key: str
    arguments: Arguments
    message: Mapping[str, Sequence[FieldNode]]
    resync: Mapping[str, Sequence[FieldNode]]
    variables: Mapping[str, object]
    topic: tuple[object, ...]

    def concerns(self) -> Callable[[Sequenced], UUID | None]:
        """fact -> subject, with the arguments worked in. An id that is none of ours matches nothing."""
        conditions: list[tuple[Callable[[Sequenced], UUID | None], UUID | None]] = []
        for name, (type_name, of) in self.live.ids.items():
            given = self.arguments.get(name)
            if given is not None:
                found = parse_global_id(given)
                conditions.append((of, found[1] if found and found[0] == type_name else None))
        kinds = self.arguments.get("kind")
        subject = self.live.subject

        def concerns(fact: Sequenced) -> UUID | None:
            if kinds is not None and fact.kind not in kinds:
                return None
            if any(wanted is None or of(fact) != wanted for of, wanted in conditions):
                return None
            return subject(fact)

        return concerns

    def render(self, fact: Sequenced, node: bytes, at: Mapping[UUID, int]) -> bytes:
        return self._result(
            self.message, self.live.message, write_cursor(at), {"kind": fact.kind}, {self.live.member: node}
        )

    def render_resync(self, at: Mapping[UUID, int]) -> bytes:
        return self._result(self.resync, RESYNC, write_cursor(at), {"message": RESYNC_MESSAGE}, {})

    def _result(
        self,
        selected: Mapping[str, Sequence[FieldNode]],
        type_name: str,
        cursor: str,
        words: Mapping[str, str],
        finished: Mapping[str, bytes],
    ) -> bytes:
        texts = {"__typename": type_name, "cursor": cursor, **words}
        values = {name: orjson.dumps(text) for name, text in texts.items()} | dict(finished)
        pieces = (b'"%b":%b' % (key.encode(), values[nodes[0].name.value]) for key, nodes in selected.items())
        return b'{"data":{"%b":{%b}}}' % (self.key.encode(), b",".join(pieces))


def read_ask(engine: Runs, document: Document, request: Request) -> Ask:
    """Raises RequestError for variables and arguments that do not fit."""
    operation = document.operation(request.operation_name).node
    given = misfits.coerced(engine.schema, operation.variable_definitions or (), request.variables)
    flags = given.coerced
    roots = collect([operation.selection_set], frozenset({"Subscription"}), document.fragments, flags)
    if not roots:
        raise refusal(Code.BAD_USER_INPUT, "the subscription selects nothing")
    ((key, nodes),) = roots.items()
    name = nodes[0].name.value
    live = FIELDS[name]
    root = engine.schema.subscription_type
    assert root is not None, "a document with a subscription was validated against this schema"
    arguments = misfits.arguments(root.fields[name], nodes[0], given)
    below = [node.selection_set for node in nodes if node.selection_set is not None]
    message, resync = (
        collect(below, frozenset({type_name, live.union}), document.fragments, flags)
        for type_name in (live.message, RESYNC)
    )
    own = _only_for_place(operation, nodes[0])
    kept = {name: value for name, value in request.variables.items() if name not in own}
    words = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    return Ask(live, name, key, arguments, message, resync, kept, (document.text, request.operation_name, words))


def _only_for_place(operation: OperationDefinitionNode, root: FieldNode) -> set[str]:
    """Variables that say only where the stream begins or ends: subscribers who differ in them share a topic."""
    placing = {
        argument.value.name.value
        for argument in root.arguments or ()
        if argument.name.value in ("after", "first") and isinstance(argument.value, VariableNode)
    }
    counts = dict.fromkeys(placing, 0)

    class Count(Visitor):
        def enter_variable(self, node: VariableNode, *_: object) -> None:
            if node.name.value in counts:
                counts[node.name.value] += 1

    visit(operation, Count())
    # Its definition and this one use.
    return {name for name, count in counts.items() if count == 2}
