"""From a GraphQL operation to picks: fields merged, fragments spread, directives decided, argument sites numbered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
)

from app.kit.reading.bind import id_binder, ids_binder, items_binder, page_binder
from app.kit.reading.select import TYPENAME, Binder, Pick
from app.kit.reading.shape import AnyById, AnyByIds, ById, Catalogue, Items, Many

Flags = Mapping[str, bool]
Fields = dict[str, list[FieldNode]]


@dataclass(frozen=True, slots=True)
class Asking:
    """One place in the operation whose arguments are bound when it runs."""

    definition: GraphQLField
    node: FieldNode
    bind: Binder

    @property
    def variables(self) -> bool:
        return any(mentions(argument.value) for argument in self.node.arguments or ())


@dataclass(slots=True)
class Collector:
    """Works out one selection. `flags` are the variables that directives look at; `kinds` the types of root ids."""

    schema: GraphQLSchema
    catalogue: Catalogue
    fragments: Mapping[str, FragmentDefinitionNode]
    flags: Flags
    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sites: list[Asking] = field(default_factory=list)

    def fields(self, type_: GraphQLObjectType, selections: Iterable[SelectionSetNode]) -> Fields:
        """CollectFields of the specification: response key -> its nodes, in the order they are first met."""
        found: Fields = {}
        seen: set[str] = set()
        for selection in selections:
            self.gather(type_, selection, found, seen)
        return found

    def gather(self, type_: GraphQLObjectType, selections: SelectionSetNode, found: Fields, seen: set[str]) -> None:
        for node in selections.selections:
            if not self.wanted(node):
                continue
            if isinstance(node, FieldNode):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or self.applies(condition.name.value, type_):
                    self.gather(type_, node.selection_set, found, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self.applies(fragment.type_condition.name.value, type_):
                    self.gather(type_, fragment.selection_set, found, seen)

    def wanted(self, node: Any) -> bool:
        for directive in node.directives or ():
            name = directive.name.value
            if name in ("skip", "include") and self.decided(directive.arguments[0].value) is (name == "skip"):
                return False
        return True

    def decided(self, value: ValueNode) -> bool:
        if isinstance(value, VariableNode):
            return self.flags[value.name.value]
        assert isinstance(value, BooleanValueNode)
        return value.value

    def applies(self, condition: str, type_: GraphQLObjectType) -> bool:
        if condition == type_.name:
            return True
        found = self.schema.get_type(condition)
        return is_abstract_type(found) and self.schema.is_sub_type(found, type_)

    def below(self, type_: GraphQLObjectType, nodes: Sequence[FieldNode]) -> tuple[Pick, ...]:
        return self.picks(type_, [node.selection_set for node in nodes if node.selection_set is not None])

    def picks(self, type_: GraphQLObjectType, selections: Iterable[SelectionSetNode]) -> tuple[Pick, ...]:
        return tuple(self.pick(type_, key, nodes) for key, nodes in self.fields(type_, selections).items())

    def pick(self, type_: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> Pick:
        name = nodes[0].name.value
        if name == TYPENAME:
            return Pick(key, name, type_.name)
        definition = type_.fields[name]
        # Arguments are those of the first node: validation has made sure that the others' are the same.
        site = self.ask(type_, definition, nodes[0])
        target = get_named_type(definition.type)
        if isinstance(target, GraphQLObjectType):
            return Pick(key, name, type_.name, site, self.below(target, nodes))
        if is_abstract_type(target):
            return Pick(key, name, type_.name, site, cases=self.cases(key, nodes))
        return Pick(key, name, type_.name, site)

    def cases(self, key: str, nodes: Sequence[FieldNode]) -> dict[str, tuple[Pick, ...]]:
        found = {}
        for kind in self.kinds.get(key, ()):
            type_ = self.schema.get_type(kind)
            assert isinstance(type_, GraphQLObjectType)
            found[kind] = self.below(type_, nodes)
        return found

    def ask(self, type_: GraphQLObjectType, definition: GraphQLField, node: FieldNode) -> int:
        binder = self.binder(type_, node.name.value)
        if binder is None:
            return -1
        self.sites.append(Asking(definition, node, binder))
        return len(self.sites) - 1

    def binder(self, type_: GraphQLObjectType, name: str) -> Binder | None:
        """How the arguments of a field are bound; None where it takes none that the database sees."""
        site, catalogue = len(self.sites), self.catalogue
        if type_ is self.schema.query_type:
            root = catalogue.roots.get(name)
            if isinstance(root, ById):
                return id_binder(site, root.target)
            if isinstance(root, AnyById):
                return id_binder(site, None)
            if isinstance(root, AnyByIds):
                return ids_binder(site, frozenset(catalogue.shapes))
            return page_binder(site, catalogue.shapes[root.target], root) if isinstance(root, Many) else None
        shape = catalogue.shapes.get(type_.name)
        relation = shape.relations.get(name) if shape is not None else None
        if isinstance(relation, Many):
            return page_binder(site, catalogue.shapes[relation.target], relation)
        return items_binder(site, relation) if isinstance(relation, Items) and relation.arguments else None


def mentions(value: ValueNode) -> bool:
    """Whether a variable stands anywhere in the value."""
    if isinstance(value, VariableNode):
        return True
    inner = getattr(value, "values", None) or [each.value for each in getattr(value, "fields", None) or ()]
    return any(mentions(each) for each in inner)


def flag_names(selections: Iterable[SelectionSetNode]) -> frozenset[str]:
    """Variables that @skip and @include look at."""
    found: set[str] = set()
    for selection in selections:
        for node in selection.selections:
            for directive in node.directives or ():
                found |= {
                    argument.value.name.value
                    for argument in directive.arguments or ()
                    if isinstance(argument.value, VariableNode)
                }
            inner = getattr(node, "selection_set", None)
            if inner is not None:
                found |= flag_names([inner])
    return frozenset(found)


def field_names(selection: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> set[str]:
    """Names of the fields on this level, those in fragments too."""
    found: set[str] = set()
    for node in selection.selections:
        if isinstance(node, FieldNode):
            found.add(node.name.value)
        elif isinstance(node, InlineFragmentNode):
            found |= field_names(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            found |= field_names(fragments[node.name.value].selection_set, fragments)
    return found
