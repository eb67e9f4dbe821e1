"""What signing in, signing out and keys take."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.types.inputs import ID, must, once
from schema.types.telling import asked


@strawberry.input(description="Who signs in.")
class SignInInput:
    email: str = must("Address.")
    password: str = must("Password.")


@strawberry.input(description="Which sessions to end.")
class SignOutInput:
    everywhere: bool = asked("Also every other session of yours.", default=False)


@strawberry.input(description="A key for a program.")
class CreateApiKeyInput:
    idempotency_key: str = once()
    name: str = must("What to call it.")
    scopes: list[str] = must("Permissions it is given, among your own.")
    expires_at: datetime | None = asked("When it ends by itself.")
    all_sites: bool = asked("For all your sites.", default=True)
    site_ids: list[ID] = asked("For these sites.", [])


@strawberry.input(description="Which key to end.")
class RevokeApiKeyInput:
    idempotency_key: str = once()
    api_key_id: ID = must("Which key.")
