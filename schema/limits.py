"""How much one document may ask for: every limit measured in one linear pass, each fragment once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from app.kit.paging import DEFAULT, MOST, MOST_IDS
from app.kit.reading.shape import Catalogue, Items
from schema.errors import Code, refusal

# Of one answer, whatever it was thought to cost. What the cost foresees is far below it.
ANSWER_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers. An answer of `objects` objects is what the read path serves in well under a second."""

    characters: int = 32_768
    tokens: int = 2_000
    nesting: int = 40  # brackets of any kind inside each other: guards recursive parsers
    operations: int = 10
    fragments: int = 60
    definitions: int = 100  # variables of one operation
    depth: int = 15  # the introspection query of graphql-js needs exactly 15
    fields: int = 2_000  # after every fragment is written out
    root_fields: int = 30
    repeats: int = 40  # of one response name in one selection: whether they agree is checked pair by pair
    aliases: int = 60
    directives: int = 60
    ids: int = MOST_IDS  # one `ids:` argument
    page: int = MOST  # one `first:` or `last:`
    page_default: int = DEFAULT
    list_guess: int = 10  # a list without paging, where its shape does not say how long it may be
    objects: int = 50_000
    cost: int = 60_000  # objects + a tenth of the leaves; a leaf that may be large counts as many


# How long the lists of introspection are in schemas of our size; `ofType` chains are written deep and never filled.
INTROSPECTION = {"types": 150, "fields": 10, "args": 4, "inputFields": 6, "enumValues": 8, "possibleTypes": 6}
# The wrapping of a connection is not what is asked for.
FREE = frozenset({"edges", "node", "nodes", "pageInfo", "ofType"})
WRAPPERS = ("Connection", "Edge", "__Type")


# What shapes say of their fields, as the schema carries it.
WEIGHT, LONGEST = "lockyard-weight", "lockyard-longest"


def declare(schema: GraphQLSchema, catalogue: Catalogue) -> None:
    """Write into the schema what a shape says of how large its values and how long its lists may be."""
    for shape in catalogue.shapes.values():
        fields = getattr(schema.type_map.get(shape.name), "fields", {})
        for name, field_ in shape.fields.items():
            if field_.weight > 1 and name in fields:
                fields[name].extensions = {**fields[name].extensions, WEIGHT: field_.weight}
        for name, relation in shape.relations.items():
            if isinstance(relation, Items) and relation.most is not None and name in fields:
                fields[name].extensions = {**fields[name].extensions, LONGEST: relation.most}


@dataclass(frozen=True, slots=True)
class Size:
    """How long a list will be, when only a variable says so."""

    variable: str
    otherwise: int


@dataclass(slots=True, eq=False)
class Price:
    """What a selection costs: a constant, plus parts multiplied by sizes known only with the variables."""

    objects: int = 0
    leaves: int = 0
    parts: list[tuple[int | Size, "Price"]] = field(default_factory=list)

    def add(self, size: int | Size, price: "Price") -> None:
        # A price with open parts is kept by reference: copying its parts at each spread would be exponential.
        if price.parts or isinstance(size, Size):
            self.parts.append((size, price))
        else:
            self.objects += size * price.objects
            self.leaves += size * price.leaves


@dataclass(slots=True, eq=False)
class Measure:
    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    price: Price = field(default_factory=Price)
    # How often each response name stands in this selection, fragments written out.
    names: dict[str, int] = field(default_factory=dict)

    def name(self, response_name: str, times: int = 1) -> None:
        found = self.names.get(response_name, 0) + times
        self.names[response_name] = found
        self.repeats = max(self.repeats, found)

    def merge(self, fragment: "Measure") -> None:
        """A fragment's selection stands in this one."""
        for name, times in fragment.names.items():
            self.name(name, times)
        self.include(fragment)

    def include(self, other: "Measure", size: int | Size = 1) -> None:
        self.depth = max(self.depth, other.depth)
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives
        self.repeats = max(self.repeats, other.repeats)
        self.price.add(size, other.price)


class Meter:
    """Measures the operations of one document. Fragments must be few and brackets shallow: both are checked before."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.schema, self.limits, self.fragments = schema, limits, fragments
        self.measured: dict[str, Measure] = {}

    def operation(self, node: OperationDefinitionNode) -> Measure:
        total = self.selections(node.selection_set, self.schema.get_root_type(node.operation))
        total.directives += len(node.directives or ())
        return total

    def selections(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> Measure:
        total = Measure()
        for selection in node.selections:
            total.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                self.field(selection, parent, total)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                kind = self.schema.get_type(condition.name.value) if condition else parent
                total.merge(self.selections(selection.selection_set, kind))
            elif isinstance(selection, FragmentSpreadNode):
                total.merge(self.fragment(selection.name.value))
        return total

    def fragment(self, name: str) -> Measure:
        if name not in self.measured:
            # A fragment met again while it is being measured is a cycle; validation reports it, here it adds nothing.
            self.measured[name] = Measure()
            node = self.fragments.get(name)
            if node is not None:
                kind = self.schema.get_type(node.type_condition.name.value)
                self.measured[name] = self.selections(node.selection_set, kind)
        return self.measured[name]

    def field(self, node: FieldNode, parent: GraphQLNamedType | None, total: Measure) -> None:
        total.fields += 1
        total.aliases += node.alias is not None
        total.depth = max(total.depth, 1)
        total.name((node.alias or node.name).value)
        definition = self.schema.get_field(parent, node.name.value) if is_composite_type(parent) else None
        if node.selection_set is None:
            total.price.leaves += definition.extensions.get(WEIGHT, 1) if definition else 1
            return
        inner = self.selections(node.selection_set, get_named_type(definition.type) if definition else None)
        inner.depth += 1
        inner.price.objects += not is_free(node, parent)
        total.include(inner, 1 if definition is None or is_free(node, parent) else self.size(node, definition))

    def size(self, node: FieldNode, definition: GraphQLField) -> int | Size:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        if "ids" in definition.args:
            return self.many(given.get("ids"))
        named = get_named_type(definition.type)
        if named.name.startswith("__"):
            return INTROSPECTION.get(node.name.value, 1)
        if named.name.endswith("Connection"):
            return self.page(given.get("first"), given.get("last"))
        if not is_list_type(get_nullable_type(definition.type)):
            return 1
        most: int = definition.extensions.get(LONGEST, self.limits.list_guess)
        return most

    def page(self, first: object, last: object) -> int | Size:
        if first is not None and last is not None:
            return self.limits.page  # one of them may be a null variable: count the dearer
        value = first if first is not None else last
        if isinstance(value, VariableNode):
            return Size(value.name.value, self.limits.page_default)
        if isinstance(value, IntValueNode):
            return clamped(int(value.value[:12]), self.limits.page)
        return self.limits.page_default

    def many(self, value: object) -> int | Size:
        if isinstance(value, VariableNode):
            return Size(value.name.value, 1)
        count = len(value.values) if isinstance(value, ListValueNode) else 1
        if count > self.limits.ids:
            raise refusal(Code.DOCUMENT_LIMIT, f"at most {self.limits.ids} ids at once")
        return count


def is_free(node: FieldNode, parent: GraphQLNamedType | None) -> bool:
    return node.name.value in FREE and parent is not None and parent.name.endswith(WRAPPERS)


def clamped(value: int, most: int) -> int:
    """A page beyond the limit is refused later, with the field's own error; it must not make the price nonsense."""
    return min(max(value, 0), most)


def check(measure: Measure, root_fields: int, limits: Limits) -> None:
    """Refuse what no set of variables could make acceptable."""
    for what, found, most in (
        ("levels deep", measure.depth, limits.depth),
        ("fields", measure.fields, limits.fields),
        ("root fields", root_fields, limits.root_fields),
        ("aliases", measure.aliases, limits.aliases),
        ("directives", measure.directives, limits.directives),
        ("repeated fields", measure.repeats, limits.repeats),
    ):
        if found > most:
            raise refusal(Code.DOCUMENT_LIMIT, f"the document has too many {what}: at most {most}")


def cost(price: Price, variables: Mapping[str, object], limits: Limits) -> int:
    """The cost of one request; refuses what is too dear. Linear in the document, constant where no size is open."""
    objects, leaves = evaluate(price, variables, limits, {}) if price.parts else (price.objects, price.leaves)
    requested = objects + -(-leaves // 10)
    if objects > limits.objects or requested > limits.cost:
        raise refusal(Code.COST_LIMIT, f"the request may cost {requested}, the limit is {limits.cost}")
    return requested


def evaluate(
    price: Price, variables: Mapping[str, object], limits: Limits, seen: dict[int, tuple[int, int]]
) -> tuple[int, int]:
    known = seen.get(id(price))
    if known is not None:
        return known
    objects, leaves = price.objects, price.leaves
    for size, part in price.parts:
        times = size if isinstance(size, int) else length(size, variables, limits)
        inner = evaluate(part, variables, limits, seen)
        objects += times * inner[0]
        leaves += times * inner[1]
    seen[id(price)] = objects, leaves
    return objects, leaves


def length(size: Size, variables: Mapping[str, object], limits: Limits) -> int:
    value = variables.get(size.variable)
    if isinstance(value, list):
        if len(value) > limits.ids:
            raise refusal(Code.DOCUMENT_LIMIT, f"at most {limits.ids} ids at once")
        return len(value)
    return clamped(value, limits.page) if isinstance(value, int) else size.otherwise
