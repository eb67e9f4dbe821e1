"""What is sealed and shown to its holder alone: made after the statement, where the shape has settled who that is."""

import logging
from collections.abc import Sequence
from uuid import UUID

from app.kit.seal import SealBroken
from app.passes.model import Vault
from app.stays.model import PickupCodes
from schema.late import LateField
from tenants.model import Actor

log = logging.getLogger("lockyard.shown")


def shown_codes(codes: PickupCodes) -> LateField:
    """`stay:sealed` -> the code, for the recipient; the shape has settled who that is. None where the key is gone."""

    def show(text: str) -> str | None:
        stay, _, sealed = text.partition(":")
        try:
            return codes.show(UUID(stay), bytes.fromhex(sealed))
        except SealBroken as error:
            log.warning("a pickup code cannot be shown: %s", error)
            return None

    async def field(_actor: Actor, texts: Sequence[str]) -> Sequence[str | None]:
        return [show(text) for text in texts]

    return field


def shown_parts(vault: Vault) -> LateField:
    """`pass:part:sealed` -> that part of it, for its holder; the shape has settled who that is."""

    def show(text: str) -> str | None:
        of, part, sealed = text.split(":")
        try:
            return vault.show(UUID(of), part, bytes.fromhex(sealed))
        except SealBroken as error:
            log.warning("a pass cannot be shown: %s", error)
            return None

    async def field(_actor: Actor, texts: Sequence[str]) -> Sequence[str | None]:
        return [show(text) for text in texts]

    return field
