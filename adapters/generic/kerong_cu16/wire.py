"""Frames of the CU16 bus, byte by byte: STX, address (board and lock), command, data, ETX, sum."""

from dataclasses import dataclass

STX, ETX = 0x02, 0x03
STATUS, UNLOCK, STATUS_REPLY = 0x30, 0x31, 0x35
LOCKS = 16
BOARDS = 10
# STX ADDR CMD, four bytes of data, ETX SUM.
REPLY_LENGTH = 9


@dataclass(frozen=True, slots=True)
class BoardStatus:
    """Bit i is lock i + 1. `closed`: hook bit, 1 = latched. `items`: infrared bit, 1 = something is there."""

    board: int
    closed: int
    items: int

    def is_closed(self, lock: int) -> bool:
        return bool(self.closed >> (lock - 1) & 1)

    def has_item(self, lock: int) -> bool:
        return bool(self.items >> (lock - 1) & 1)


def checksum(frame: bytes) -> int:
    return sum(frame) & 0xFF


def address(board: int, lock: int) -> int:
    """`lock` as on the label, from 1."""
    if not (0 <= board < BOARDS and 1 <= lock <= LOCKS):
        raise ValueError(f"no lock {lock} on board {board}")
    return board << 4 | lock - 1


def frame(*body: int) -> bytes:
    """Address, command and data, framed and summed."""
    raw = bytes((STX, *body, ETX))
    return raw + bytes((checksum(raw),))


def unlock(board: int, lock: int) -> bytes:
    return frame(address(board, lock), UNLOCK)


def status(board: int) -> bytes:
    return frame(address(board, 1), STATUS)


def status_reply(state: BoardStatus) -> bytes:
    low, high = state.closed & 0xFF, state.closed >> 8
    return frame(state.board << 4, STATUS_REPLY, low, high, state.items & 0xFF, state.items >> 8)


def find_status(received: bytes, board: int) -> BoardStatus | None:
    """The first sound status reply of this board in what came; noise, other boards and a trailing `;` are skipped."""
    start = received.find(STX)
    while start >= 0:
        reply = received[start : start + REPLY_LENGTH]
        if len(reply) == REPLY_LENGTH and _is_status_of(reply, board):
            return BoardStatus(board, reply[3] | reply[4] << 8, reply[5] | reply[6] << 8)
        start = received.find(STX, start + 1)
    return None


def _is_status_of(reply: bytes, board: int) -> bool:
    right_place = reply[1] >> 4 == board and reply[2] == STATUS_REPLY
    return right_place and reply[7] == ETX and reply[8] == checksum(reply[:8])


def find_command(received: bytes) -> tuple[int, int, int] | None:
    """The first sound command in what came: its address, its command byte, and where it ends. For the simulator."""
    for start in range(len(received) - 4):
        said = received[start : start + 5]
        if said[0] == STX and said[3] == ETX and said[4] == checksum(said[:4]):
            return said[1], said[2], start + 5
    return None
