"""Documents: read, validated and measured once, then kept with room for their plans."""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature

from schema.errors import Code, RequestError, invalid, refusal
from schema.limits import Limits, Meter, Price, check, cost
from schema.misfits import RULES, unreadable

# Possessive repeats: a string that never ends is refused in linear time.
TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+"""|"(?:[^"\\\n]++|\\.)*+"|#[^\n]*+|\.\.\.|\w++|[!$&()\[\]{}:=@|"-]', re.DOTALL
)
MAX_ERRORS = 5
# Below this many tokens reading a document is quicker than handing it to a thread.
SMALL = 150
WAITING = 64
REFUSED_CHARACTERS = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    name: str | None
    kind: OperationType
    node: OperationDefinitionNode
    price: Price
    defaults: Mapping[str, object]
    root_fields: tuple[str, ...]
    variables: tuple[GraphQLVariableSignature, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A valid document within the limits. `plans` belongs to whoever executes it and dies with the document."""

    text: str
    ast: DocumentNode
    operations: Mapping[str | None, Operation]
    fragments: Mapping[str, FragmentDefinitionNode]
    tokens: int
    plans: dict[Hashable, object] = field(default_factory=dict)

    def operation(self, name: str | None) -> Operation:
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise refusal(Code.BAD_REQUEST, "the document has several operations: operationName must name one")
        if name not in self.operations:
            raise refusal(Code.BAD_REQUEST, "the document has no operation of that name")
        return self.operations[name]


def requested_cost(operation: Operation, variables: Mapping[str, object], limits: Limits) -> int:
    """What this request may cost with these variables; refuses what is too dear."""
    if operation.price.parts and operation.defaults:
        variables = {**operation.defaults, **variables}
    return cost(operation.price, variables, limits)


def count_tokens(text: str, limits: Limits) -> int:
    """Count tokens and watch the nesting, long before the real parser would suffer from either."""
    if len(text) > limits.characters:
        raise refusal(Code.DOCUMENT_LIMIT, f"the document is too long: at most {limits.characters} characters")
    count = nesting = 0
    for match in TOKEN.finditer(text):
        first = text[match.start()]
        if first == '"' and match.end() - match.start() == 1:
            # Looking for the end of each of a thousand quotes would be quadratic.
            raise refusal(Code.GRAPHQL_PARSE_FAILED, "Syntax Error: Unterminated string.")
        if first in "{[(":
            nesting += 1
        elif first in "}])":
            nesting -= 1
        count += 1
        if count > limits.tokens or nesting > limits.nesting:
            raise refusal(Code.DOCUMENT_LIMIT, f"the document is too large: at most {limits.tokens} tokens")
    return count


def read(text: str, tokens: int, schema: GraphQLSchema, limits: Limits) -> Document:
    """Parse, measure, validate: in this order, so that validation's quadratic rules only see what passed the limits."""
    try:
        ast = parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        raise unreadable(error) from None
    nodes = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
    if len(nodes) > limits.operations or len(fragments) > limits.fragments:
        raise refusal(Code.DOCUMENT_LIMIT, "the document has too many operations or fragments")
    meter = Meter(schema, limits, fragments)
    operations = [measured(node, meter, limits, schema) for node in nodes]
    errors = validate(schema, ast, RULES, max_errors=MAX_ERRORS, hide_suggestions=True)
    if errors:
        raise invalid(errors)
    return Document(text, ast, {operation.name: operation for operation in operations}, fragments, tokens)


def measured(node: OperationDefinitionNode, meter: Meter, limits: Limits, schema: GraphQLSchema) -> Operation:
    if len(node.variable_definitions or ()) > limits.definitions:
        raise refusal(Code.DOCUMENT_LIMIT, f"an operation may define at most {limits.definitions} variables")
    measure = meter.operation(node)
    check(measure, len(node.selection_set.selections), limits)
    roots = tuple(at.name.value for at in node.selection_set.selections if isinstance(at, FieldNode))
    defaults = {
        definition.variable.name.value: int(definition.default_value.value[:12])
        for definition in node.variable_definitions or ()
        if isinstance(definition.default_value, IntValueNode)
    }
    found = (get_variable_signature(schema, definition) for definition in node.variable_definitions or ())
    variables = tuple(each for each in found if isinstance(each, GraphQLVariableSignature))
    name = node.name.value if node.name else None
    return Operation(name, node.operation, node, measure.price, defaults, roots, variables)


class Documents:
    """The bounded cache. Its weight is counted in tokens: a syntax tree weighs about half a kilobyte for each."""

    def __init__(
        self, schema: GraphQLSchema, limits: Limits | None = None, *, weight: int = 60_000, refused: int = 256
    ) -> None:
        self.schema, self.limits = schema, limits or Limits()
        self.weight, self.weighs = weight, 0
        self.kept: OrderedDict[str, Document] = OrderedDict()
        self.refused: OrderedDict[str, RequestError] = OrderedDict()
        self.most_refused = refused
        self.reading: dict[str, asyncio.Future[Document]] = {}
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="documents")

    async def load(self, text: str) -> Document:
        """The document of this text, or RequestError."""
        document = self.kept.get(text)
        if document is not None:
            self.kept.move_to_end(text)
            return document
        if text in self.refused:
            known = self.refused[text]
            raise RequestError(known.errors, known.status)
        try:
            tokens = count_tokens(text, self.limits)
            if tokens <= SMALL:
                return self.remember(read(text, tokens, self.schema, self.limits))
        except RequestError as error:
            self.remember_refusal(text, error)
            raise
        return await asyncio.shield(self.in_thread(text, tokens))

    def in_thread(self, text: str, tokens: int) -> asyncio.Future[Document]:
        """One reading for all who ask for the same text, and a bounded queue of texts."""
        found = self.reading.get(text)
        if found is not None:
            return found
        if len(self.reading) >= WAITING:
            raise refusal(Code.OVERLOADED, "too many new documents at once: try again in a moment", 503)
        task = asyncio.ensure_future(self.read_aside(text, tokens))
        self.reading[text] = task
        task.add_done_callback(lambda done: self.finished(text, done))
        return task

    def finished(self, text: str, done: asyncio.Future[Document]) -> None:
        self.reading.pop(text, None)
        if not done.cancelled():
            done.exception()  # looked at, so that a refusal nobody waits for any more is not reported as lost

    async def read_aside(self, text: str, tokens: int) -> Document:
        loop = asyncio.get_running_loop()
        try:
            return self.remember(await loop.run_in_executor(self.thread, read, text, tokens, self.schema, self.limits))
        except RequestError as error:
            self.remember_refusal(text, error)
            raise

    def remember(self, document: Document) -> Document:
        self.kept[document.text] = document
        self.weighs += document.tokens
        while self.weighs > self.weight and len(self.kept) > 1:
            self.weighs -= self.kept.popitem(last=False)[1].tokens
        return document

    def remember_refusal(self, text: str, error: RequestError) -> None:
        if len(text) <= REFUSED_CHARACTERS:
            self.refused[text] = error
            if len(self.refused) > self.most_refused:
                self.refused.popitem(last=False)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Persisted:
    """Documents known by their hash: those of the manifest, and those clients have registered (Apollo's APQ)."""

    def __init__(
        self, manifest: Mapping[str, str] | None = None, *, only: bool = False, registered: int = 1_000
    ) -> None:
        self.manifest = {key.removeprefix("sha256:"): text for key, text in (manifest or {}).items()}
        for key, text in self.manifest.items():
            if digest(text) != key:
                raise ValueError(f"persisted document {key} does not have the hash it is filed under")
        self.only, self.most = only, registered
        self.registered: OrderedDict[str, str] = OrderedDict()

    def text(self, query: str | None, document_id: str | None, extensions: Mapping[str, object]) -> str:
        """The text a request means, or RequestError."""
        given = extensions.get("persistedQuery")
        key = document_id if document_id is not None else given.get("sha256Hash") if isinstance(given, dict) else None
        if key is None and query is None:
            raise refusal(Code.BAD_REQUEST, "the request names no document: send `query` or `documentId`")
        if isinstance(key, str):
            return self.by_hash(key.removeprefix("sha256:").lower(), query)
        if query is None or (self.only and digest(query) not in self.manifest):
            raise refusal(Code.FORBIDDEN, "only persisted documents are accepted", 403)
        return query

    def by_hash(self, key: str, query: str | None) -> str:
        known = self.manifest.get(key) or (None if self.only else self.registered.get(key))
        if known is not None:
            return known
        if query is None or self.only:
            # Apollo's clients look for this very message and code, and then send the text along.
            raise refusal(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound", 200)
        if digest(query) != key:
            raise refusal(Code.BAD_REQUEST, "the document does not have the hash it is sent under")
        return query

    def register(self, text: str) -> None:
        """Keep a valid text for its hash. Called only after validation, so that rubbish is never kept."""
        if not self.only:
            self.registered[digest(text)] = text
            if len(self.registered) > self.most:
                self.registered.popitem(last=False)
