import time

import pytest
from graphql import build_schema, get_introspection_query

from app.kit.paging import DEFAULT, MOST, MOST_IDS
from app.reports.shape import MOST_HOURS
from app.vendors.shape import FOUND_WEIGHT
from schema.documents import Document, count_tokens, read, requested_cost
from schema.errors import Code, RequestError
from schema.limits import Limits
from schema.schema import build_schema as build_real_schema

SCHEMA = build_schema("""
type Query { sites(first: Int, last: Int): SiteConnection!, nodes(ids: [ID!]!): [Site]!, site: Site }
type SiteConnection { edges: [SiteEdge!]! pageInfo: PageInfo! }
type SiteEdge { cursor: String! node: Site! }
type PageInfo { hasNextPage: Boolean! }
type Site { id: ID! name: String! parent: Site tags: [Tag!]! banks(first: Int): SiteConnection! }
type Tag { word: String! }
""")
LIMITS = Limits()


def document(text: str) -> Document:
    return read(text, count_tokens(text, LIMITS), SCHEMA, LIMITS)


def cost(text: str, **variables: object) -> int:
    return requested_cost(document(text).operation(None), variables, LIMITS)


def code(text: str, **variables: object) -> object:
    with pytest.raises(RequestError) as refused:
        cost(text, **variables)
    return (refused.value.errors[0].extensions or {})["code"]


def nested(levels: int) -> str:
    return "{ " + "site { ".replace("site", "site") + "parent { " * (levels - 2) + "id" + " }" * (levels - 1) + " }"


def test_pages_multiply_what_stands_in_them() -> None:
    assert cost("{ sites(first: 10) { edges { node { id name } } } }") == 10 + 2
    assert cost("{ sites(first: 10) { edges { node { banks(first: 5) { edges { node { id } } } } } } }") == 10 + 50 + 5
    assert cost("{ sites { edges { node { id } } } }") == DEFAULT + DEFAULT // 10
    assert cost("{ site { tags { word } } }") == 1 + LIMITS.list_guess + 1


def test_a_variable_page_is_counted_with_its_value() -> None:
    inner = "edges { node { banks(first: $m) { edges { node { id } } } } }"
    text = f"query($n: Int, $m: Int = 7) {{ sites(first: $n) {{ {inner} }} }}"
    assert cost(text, n=10, m=5) == cost(
        "{ sites(first: 10) { edges { node { banks(first: 5) { edges { node { id } } } } } } }"
    )
    assert cost(text, n=10) == 10 + 70 + 7
    assert cost(text, n=1, m=None) == 1 + DEFAULT + DEFAULT // 10
    assert cost(text, n=-3, m=5) == 0
    assert cost(text, n=10**9, m=1) == cost(text, n=MOST, m=1)


def test_first_and_last_together_count_as_the_largest_page() -> None:
    assert cost("query($n: Int) { sites(first: $n, last: 100) { edges { node { id } } } }") == MOST + MOST // 10


def test_what_is_too_dear_is_refused_only_with_the_variables_that_make_it_so() -> None:
    inner = "edges { node { banks(first: $n) { edges { node { banks(first: $n) { edges { node { id } } } } } } } }"
    text = f"query($n: Int) {{ sites(first: $n) {{ {inner} }} }}"
    assert cost(text, n=20) < LIMITS.cost
    assert code(text, n=100) == Code.COST_LIMIT


def test_ids_are_counted_and_limited() -> None:
    assert cost('{ nodes(ids: ["a", "b"]) { id } }') == 2 + 1
    assert cost("query($i: [ID!]!) { nodes(ids: $i) { id } }", i=["a"] * 50) == 50 + 5
    assert code("query($i: [ID!]!) { nodes(ids: $i) { id } }", i=["a"] * (MOST_IDS + 1)) == Code.DOCUMENT_LIMIT
    assert code("{ nodes(ids: [" + '"a" ' * (MOST_IDS + 1) + "]) { id } }") == Code.DOCUMENT_LIMIT


def test_fifteen_levels_pass_and_sixteen_do_not() -> None:
    assert cost(nested(15)) > 0
    assert code(nested(16)) == Code.DOCUMENT_LIMIT


def test_depth_is_measured_through_fragments() -> None:
    steps = " ".join(f"fragment F{n} on Site {{ parent {{ ...F{n + 1} }} }}" for n in range(14))
    last = "fragment F14 on Site { id }"
    assert code(f"{{ site {{ ...F0 }} }} {steps} {last}") == Code.DOCUMENT_LIMIT


def test_the_introspection_query_of_the_tools_passes() -> None:
    assert cost(get_introspection_query()) < LIMITS.cost
    assert (
        code(
            "{ a: __schema { types { fields { args { type { name } } } } } "
            + " ".join(f"b{n}: __schema {{ types {{ fields {{ args {{ type {{ name }} }} }} }} }}" for n in range(9))
            + " }"
        )
        == Code.COST_LIMIT
    )


def doubled(levels: int, body: str) -> str:
    steps = " ".join(f"fragment F{n} on Site {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"query($n: Int) {{ site {{ ...F0 }} }} {steps} fragment F{levels} on Site {{ {body} }}"


@pytest.mark.parametrize("body", ["id", "a: id", "id @skip(if: false)", "banks(first: $n) { edges { node { id } } }"])
def test_doubled_fragments_are_measured_in_no_time(body: str) -> None:
    began = time.thread_time()
    assert code(doubled(50, body), n=1) in (Code.DOCUMENT_LIMIT, Code.COST_LIMIT)
    assert time.thread_time() - began < 1


def test_open_prices_are_shared_not_copied() -> None:
    text = doubled(5, "banks(first: $n) { edges { node { id } } }")
    operation = document(text).operation(None)
    began = time.thread_time()
    assert requested_cost(operation, {"n": 1}, LIMITS) == 1 + 32 + 4
    assert time.thread_time() - began < 1


REFUSED = {
    "aliases": "{ "
    + " ".join(f"a{n}: __typename" for n in range(29))
    + " site { "
    + " ".join(f"a{n}: id" for n in range(40))
    + "} }",
    "root fields": "{ " + "__typename " * 31 + "}",
    "directives": "{ __typename " + "@aa" * 61 + " }",
    "fields": "{ site { " + "id " * 1_990 + "} }" + " " * 20 + "fragment F on Query { __typename }",
    "repeats": "{ site { " + "id " * 41 + "} }",
    "repeats through fragments": "{ site { " + "...F " * 5 + "} } fragment F on Site { " + "id " * 9 + "}",
    "tokens": "{ site { " + "id " * 2_001 + "} }",
    "characters": "{ __typename } #" + "x" * 40_000,
    "nesting": "{ nodes(ids: " + "[" * 41 + "]" * 41 + ") { id } }",
    "operations": " ".join(f"query Q{n} {{ __typename }}" for n in range(11)),
    "fragments": "{ __typename }" + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(61)),
    "variables": "query(" + " ".join(f"$v{n}: Int" for n in range(101)) + ") { __typename }",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_each_limit_refuses_by_itself(text: str) -> None:
    assert code(text) == Code.DOCUMENT_LIMIT


def test_circular_fragments_are_refused_not_followed() -> None:
    assert code("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }") == Code.GRAPHQL_VALIDATION_FAILED


@pytest.mark.parametrize(
    "text", ['"' * 32_000, '"""' + "a" * 32_000, '{a(b:"' + '\\"' * 15_000, "{" + '""' * 900 + '"']
)
def test_strings_without_end_are_refused_in_no_time(text: str) -> None:
    began = time.thread_time()
    with pytest.raises(RequestError):
        document(text)
    assert time.thread_time() - began < 1


REAL = build_real_schema()


def real_cost(text: str, **variables: object) -> int:
    document = read(text, count_tokens(text, LIMITS), REAL, LIMITS)
    return requested_cost(document.operation(None), variables, LIMITS)


def real_code(text: str) -> object:
    with pytest.raises(RequestError) as refused:
        real_cost(text)
    return (refused.value.errors[0].extensions or {})["code"]


def test_a_leaf_that_may_be_large_is_priced_as_large_as_it_may_be() -> None:
    surveys = "surveys(first: 4) { edges { node { found } } }"
    many = " ".join(f"a{n}: node(id: $id) {{ ... on VendorAccount {{ {surveys} }} }}" for n in range(30))
    assert real_code("query ($id: ID!) { " + many + " }") == Code.COST_LIMIT
    one = real_cost(f"query ($id: ID!) {{ node(id: $id) {{ ... on VendorAccount {{ {surveys} }} }} }}")
    assert one == 1 + 4 + 4 * FOUND_WEIGHT // 10
    assert real_cost("{ vendorAccounts(first: 50) { edges { node { settings } } } }") > 50 * 100


def test_a_list_is_priced_as_long_as_its_shape_lets_it_be() -> None:
    inner = "utilisation(since: $since) { hour size compartments usedSeconds }"
    of_one = real_cost(f"query ($id: ID!, $since: DateTime!) {{ site(id: $id) {{ {inner} }} }}")
    assert of_one == 1 + MOST_HOURS + 4 * MOST_HOURS // 10
    of_many = f"query ($since: DateTime!) {{ sites(first: 20) {{ edges {{ node {{ {inner} }} }} }} }}"
    assert real_code(of_many) == Code.COST_LIMIT
