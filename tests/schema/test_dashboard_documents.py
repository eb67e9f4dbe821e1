import json
from pathlib import Path

import pytest
from graphql import print_ast

from schema.documents import Persisted, count_tokens, read, requested_cost
from schema.limits import Limits
from schema.schema import build_schema

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "frontend/src/gql/generated/persisted-documents.json"
if not GENERATED.exists():
    pytest.skip(
        "the dashboard's documents are not generated: run `npm run codegen` in frontend/", allow_module_level=True
    )
MANIFEST = json.loads(GENERATED.read_text())
SCHEMA = build_schema()
LIMITS = Limits()


@pytest.mark.parametrize("text", MANIFEST.values(), ids=lambda text: text.split("(")[0].split("{")[0].strip())
def test_every_document_of_the_dashboard_is_within_the_limits(text: str) -> None:
    document = read(text, count_tokens(text, LIMITS), SCHEMA, LIMITS)
    for operation in document.operations.values():
        pages = {
            node.variable.name.value: 20
            for node in operation.node.variable_definitions or ()
            if "Int" in print_ast(node.type)
        }
        assert requested_cost(operation, pages, LIMITS) <= LIMITS.cost


def test_the_manifest_is_accepted_as_it_stands() -> None:
    assert len(Persisted(MANIFEST).manifest) == len(MANIFEST)
