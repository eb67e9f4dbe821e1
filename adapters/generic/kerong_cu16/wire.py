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


def _frame(*body: int) -> bytes:
    raw = bytes((STX, *body, ETX))
    return raw + bytes((checksum(raw),))


def unlock(board: int, lock: int) -> bytes:
    return _frame(address(board, lock), UNLOCK)


def status(board: int) -> bytes:
    return _frame(address(board, 1), STATUS)


def status_reply(state: BoardStatus) -> bytes:
    low, high = state.closed & 0xFF, state.closed >> 8
    return _frame(state.board << 4, STATUS_REPLY, low, high, state.items & 0xFF, state.items >> 8)


def find_status(received: bytes, board: int) -> BoardStatus | None:
    """The first sound status reply of this board in what came; noise, other boards and a trailing `;` are skipped."""
    start = received.find(STX)
    while start >= 0:
        frame = received[start : start + REPLY_LENGTH]
        if len(frame) == REPLY_LENGTH and _is_status_of(frame, board):
            return BoardStatus(board, frame[3] | frame[4] << 8, frame[5] | frame[6] << 8)
        start = received.find(STX, start + 1)
    return None


def _is_status_of(frame: bytes, board: int) -> bool:
    right_place = frame[1] >> 4 == board and frame[2] == STATUS_REPLY
    return right_place and frame[7] == ETX and frame[8] == checksum(frame[:8])


def find_command(received: bytes) -> tuple[int, int, int] | None:
    """The first sound command in what came: its address, its command byte, and where it ends. For the simulator."""
    for start in range(len(received) - 4):
        frame = received[start : start + 5]
        if frame[0] == STX and frame[3] == ETX and frame[4] == checksum(frame[:4]):
            return frame[1], frame[2], start + 5
    return None
