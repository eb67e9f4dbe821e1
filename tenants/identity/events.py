"""Facts of identity."""

from datetime import datetime
from uuid import UUID

from app.kit.events import Fact


def api_key_created(id_: UUID, scopes: tuple[str, ...], expires_at: datetime | None) -> Fact:
    return Fact("ApiKeyCreated", "ApiKey", id_, {"scopes": list(scopes), "expires_at": expires_at})


def api_key_revoked(id_: UUID) -> Fact:
    return Fact("ApiKeyRevoked", "ApiKey", id_)
