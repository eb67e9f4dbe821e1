"""Puts the transports together, for whoever builds the web process."""

from dataclasses import dataclass

from starlette.types import ASGIApp

from schema.documents import Documents, Persisted
from schema.engine import Engine
from schema.transport.access import Authenticate, Settings
from schema.transport.http import GraphQLHTTP
from schema.transport.pipeline import Pipeline
from schema.transport.sse import Streams
from schema.transport.websocket import GraphQLWebSocket


@dataclass(frozen=True, slots=True)
class Mounted:
    http: GraphQLHTTP
    websocket: GraphQLWebSocket
    streams: Streams

    def paths(self, path: str) -> dict[tuple[str, str], ASGIApp]:
        """For `app.kit.edge.Shortcut`."""
        return {("http", path): self.http, ("websocket", path): self.websocket}

    def close(self) -> None:
        """For `before_shutdown` of the server. Sockets are closed by the server itself, with 1012."""
        self.streams.close()


def mount(
    engine: Engine,
    authenticate: Authenticate,
    *,
    settings: Settings | None = None,
    documents: Documents | None = None,
    persisted: Persisted | None = None,
) -> Mounted:
    settings = settings or Settings()
    pipeline = Pipeline(engine, documents=documents, persisted=persisted, settings=settings)
    streams = Streams(settings)
    return Mounted(GraphQLHTTP(pipeline, authenticate, streams), GraphQLWebSocket(pipeline, authenticate), streams)
