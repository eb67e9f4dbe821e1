"""Why a socket was closed: the close codes of graphql-transport-ws and ours, all in one table."""

from enum import IntEnum


class Close(IntEnum):
    """Marked * are the protocol's own. npm graphql-ws does not come back after 4400, 4401, 4406, 4409 and 4429."""

    BAD_MESSAGE = 4400  # * the client's message is not of the protocol
    UNAUTHORIZED = 4401  # * subscribe before connection_init; also: the session was revoked or has expired
    FORBIDDEN = 4403  # * connection_init without valid credentials
    SUBPROTOCOL = 4406  # * only graphql-transport-ws is spoken
    INIT_TIMEOUT = 4408  # * no connection_init in time
    DUPLICATE = 4409  # * an operation of this id is running
    RIGHTS_CHANGED = 4412  # what the caller may see changed; it may come back at once and resume from its cursor
    TOO_SLOW = 4413  # the client does not read what it subscribed to; it may come back and resume from its cursor
    TOO_MANY = 4429  # * a second connection_init; also: more messages than allowed
    FAULT = 4500  # * our fault


class ClosedError(Exception):
    """Ends the conversation with this code."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(f"{code.value} {reason}")
        self.code, self.reason = code, reason
