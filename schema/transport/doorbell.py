"""What a stranger may send: one small signIn that asks for nothing but its own result."""

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)

from schema.documents import Documents, Persisted, count_tokens
from schema.limits import Limits
from schema.transport.pipeline import Pipeline

SIGN_IN = "signIn"
# Whether any other field exists must not show in the answer, so asking for one is no sign-in at all.
RESULT_FIELDS = frozenset(
    {"__typename", "code", "email", "expiresAt", "id", "kind", "locale", "message", "name", "organization", "path"}
    | {"permission", "permissions", "role", "token", "viewer"}
)


def strangers(pipeline: Pipeline) -> Pipeline:
    """The same engine behind small caches of its own: strangers cannot push out what callers use."""
    settings = pipeline.settings
    limits = Limits(characters=settings.anonymous_characters, tokens=settings.anonymous_tokens, operations=1)
    documents = Documents(pipeline.engine.schema, limits, weight=2_000, refused=32)
    persisted = Persisted(pipeline.persisted.manifest, only=pipeline.persisted.only, registered=32)
    return Pipeline(pipeline.engine, documents=documents, persisted=persisted, settings=settings)


def rings(text: str, limits: Limits) -> bool:
    """Whether this text is a sign-in. Raises RequestError where it is too large to look at."""
    if SIGN_IN not in text:
        return False
    count_tokens(text, limits)
    try:
        definitions = parse(text, no_location=True, max_tokens=limits.tokens).definitions
    except GraphQLSyntaxError:
        return False
    if len(definitions) != 1 or not isinstance(definitions[0], OperationDefinitionNode):
        return False
    roots = definitions[0].selection_set.selections
    return (
        definitions[0].operation is OperationType.MUTATION
        and len(roots) == 1
        and isinstance(roots[0], FieldNode)
        and roots[0].name.value == SIGN_IN
        and (roots[0].selection_set is None or modest(roots[0].selection_set))
    )


def modest(selected: SelectionSetNode) -> bool:
    for node in selected.selections:
        if isinstance(node, FragmentSpreadNode):
            return False
        if isinstance(node, FieldNode) and node.name.value not in RESULT_FIELDS:
            return False
        inner = getattr(node, "selection_set", None)
        if inner is not None and not modest(inner):
            return False
    return True
