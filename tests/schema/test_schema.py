from pathlib import Path

from graphql import is_enum_type, is_introspection_type, is_specified_scalar_type

from schema.catalogue import CATALOGUE, NODES
from schema.mutations import registry
from schema.schema import build_schema, sdl

COMMITTED = Path(__file__).parents[2] / "schema" / "schema.graphql"


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert COMMITTED.read_text() == sdl()


def test_everything_in_the_schema_is_told() -> None:
    silent = []
    for type_ in build_schema().type_map.values():
        if is_introspection_type(type_) or is_specified_scalar_type(type_):
            continue
        silent += [type_.name] if not type_.description else []
        for name, field in getattr(type_, "fields", {}).items():
            silent += [f"{type_.name}.{name}"] if not field.description else []
            for key, argument in getattr(field, "args", {}).items():
                silent += [f"{type_.name}.{name}({key})"] if not argument.description else []
        for name, value in type_.values.items() if is_enum_type(type_) else ():
            silent += [f"{type_.name}.{name}"] if not value.description else []
    assert silent == []


def test_every_mutation_has_its_function() -> None:
    mutation = build_schema().mutation_type
    assert mutation is not None
    assert set(mutation.fields) == set(registry())


def test_every_node_of_the_schema_can_be_read_by_its_id() -> None:
    schema = build_schema()
    assert {type_.name for type_ in schema.get_possible_types(schema.type_map["Node"])} == NODES  # type: ignore[arg-type]


def test_every_field_of_a_shape_is_in_the_schema_and_as_nullable_as_there() -> None:
    schema = build_schema()
    for name, shape in CATALOGUE.shapes.items():
        fields = schema.type_map[name].fields  # type: ignore[attr-defined]
        assert set(fields) == {*shape.fields, *shape.relations}
        for key, declared in shape.fields.items():
            # A promise of the schema that the statement does not keep would be an answer of nothing at all.
            if str(fields[key].type).endswith("!"):
                assert not declared.nullable, f"{name}.{key}"
