"""Which media type answers: GraphQL over HTTP for JSON, graphql-sse only for who asks for nothing else."""

from enum import StrEnum
from functools import lru_cache


class Media(StrEnum):
    JSON = "application/json"
    RESPONSE = "application/graphql-response+json"
    EVENTS = "text/event-stream"


ANYTHING = {"*/*": Media.JSON, "application/*": Media.JSON}
KNOWN = {media.value: media for media in Media} | ANYTHING


@lru_cache(256)
def negotiate(accept: str) -> Media | None:
    """The best of what was accepted, or None. JSON wins over events: urql accepts both for its plain queries."""
    wanted: list[tuple[float, int, Media]] = []
    for place, part in enumerate(accept.split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        media = KNOWN.get(name)
        quality = weight(parameters)
        if media is not None and quality > 0:
            wanted.append((-quality, place, media))
    exact = [entry for entry in wanted if entry[2] is not Media.EVENTS]
    events_only = len(exact) < len(wanted) and not names_json(accept)
    if events_only:
        return Media.EVENTS
    return min(exact)[2] if exact else None


def names_json(accept: str) -> bool:
    lowered = accept.lower()
    return Media.JSON.value in lowered or Media.RESPONSE.value in lowered


def weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


@lru_cache(256)
def is_json(content_type: str) -> bool:
    """JSON in UTF-8 and nothing that a foreign page's form could send."""
    name, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    charsets = [parameter[8:].strip('"') for parameter in parameters if parameter.startswith("charset=")]
    return name == Media.JSON.value and all(charset in ("utf-8", "utf8") for charset in charsets)
