"""Problems a mutation may answer with instead of its result."""

import strawberry

from app.kit.errors import Reason
from schema.types.spoken import ErrorCode
from schema.types.telling import told


@strawberry.interface(description="What kept a request from being carried out. Nothing was changed.")
class Error:
    message: str = told("For people.")
    code: ErrorCode = told("For programs.")
    path: list[str] = told("The input field to blame, outermost first; empty when none is.")


@strawberry.type(description="No such thing, or outside of what you may see: both look the same.")
class NotFoundError(Error):
    pass


@strawberry.type(description="The input cannot be right.")
class InvalidError(Error):
    pass


@strawberry.type(description="The idempotency key belongs to another request, or its first use is still running.")
class ConflictError(Error):
    pass


@strawberry.type(description="The state of the world does not allow it now.")
class RejectedError(Error):
    reason: Reason = told("Why, in one word.")


@strawberry.type(description="One rule of a decision that did not hold.")
class FailedRuleStats:
    rule: str = told("The rule.")
    expected: str = told("What it asks for.")
    actual: str = told("What was found.")


@strawberry.type(description="You may see it, but not do this.")
class DeniedError(Error):
    permission: str = told("The permission it needs.")
    failed_rules: list[FailedRuleStats] = told("The rules that did not hold.")


@strawberry.type(description="Whether you may do something, and by which rule.")
class DecisionStats:
    allowed: bool = told("Whether you may.")
    rule: str = told("The rule that decided.")
    failed: list[FailedRuleStats] = told("The rules that did not hold.")
