"""What every act that brings parcels must answer for."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from app.kit.errors import Reason, Rejected
from app.parcels.store import OPEN_TRACKING


@contextmanager
def under_way_once(field: str) -> Iterator[None]:
    """Around whatever may write a parcel: Rejected, naming the input field, where one is under way in another stay."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != OPEN_TRACKING:
            raise
        words = "A parcel with this number is under way already."
        raise Rejected(Reason.ALREADY_EXISTS, words, path=("input", field)) from error
