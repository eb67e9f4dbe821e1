"""Modbus as these modules speak it: requests, frames of either kind, replies found by header, sum and number.

Frames, sums and decoding are pymodbus's; it knows no line that is shared, so the talking is ours.
"""

import struct
from collections.abc import Sequence
from enum import StrEnum

from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadCoilsResponse,
    ReadDiscreteInputsRequest,
    ReadDiscreteInputsResponse,
    WriteMultipleCoilsRequest,
    WriteMultipleCoilsResponse,
)
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadHoldingRegistersResponse

ON, OFF, TOGGLE, ALL_OUTPUTS = 0xFF00, 0x0000, 0x5500, 0x00FF
# Waveshare: flash on, timed in the module in steps of 100 ms; output modes, of which only 0 obeys plain orders.
FLASH_ON, MODES, PLAIN_MODE = 0x0200, 0x1000, 0
FLASH_STEP_SECONDS = 0.1
# An exception reply: function with the highest bit, code.
EXCEPTION = 0x80


_EXCEPTIONS = {
    1: "no such function",
    2: "no such address",
    3: "no such value",
    4: "failure in the module",
    6: "busy",
    10: "the gateway has no way to it",
    11: "no answer to the gateway",
}


class SaysNo(Exception):  # noqa: N818 - an exception reply is an answer
    """The module answered with an exception."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}: {_EXCEPTIONS.get(code, 'of its own')}")
        self.code = code


class Framing(StrEnum):
    TCP = "tcp"
    RTU = "rtu"


class WriteOutput(ModbusPDU):
    """Function 5 with any value: a flash's is none that Modbus allows, and pymodbus's own request takes two only."""

    function_code = 5
    rtu_frame_size = 8

    def __init__(self, address: int = 0, value: int = OFF, dev_id: int = 0, transaction_id: int = 0) -> None:
        super().__init__(dev_id=dev_id, transaction_id=transaction_id, address=address)
        self.value = value

    def encode(self) -> bytes:
        return struct.pack(">HH", self.address, self.value)


class _Decoder(DecodePDU):
    """Knows what we ask for and nothing else: less that noise could be taken for."""

    pdu_table = {  # noqa: RUF012 - pymodbus declares it so
        1: (ReadCoilsRequest, ReadCoilsResponse),
        2: (ReadDiscreteInputsRequest, ReadDiscreteInputsResponse),
        3: (ReadHoldingRegistersRequest, ReadHoldingRegistersResponse),
        5: (WriteOutput, WriteOutput),
        15: (WriteMultipleCoilsRequest, WriteMultipleCoilsResponse),
    }


_FRAMERS: dict[Framing, FramerBase] = {
    Framing.TCP: FramerSocket(_Decoder(is_server=False)),
    Framing.RTU: FramerRTU(_Decoder(is_server=False)),
}


def read_outputs(first: int, count: int) -> ModbusPDU:
    return ReadCoilsRequest(address=first, count=count)


def read_inputs(first: int, count: int) -> ModbusPDU:
    return ReadDiscreteInputsRequest(address=first, count=count)


def read_registers(first: int, count: int) -> ModbusPDU:
    return ReadHoldingRegistersRequest(address=first, count=count)


def write_output(address: int, value: int) -> ModbusPDU:
    return WriteOutput(address, value)


def flash(output: int, seconds: float) -> ModbusPDU:
    """On for so long and then off, timed in the module. Rounded up to its steps."""
    return WriteOutput(FLASH_ON + output, max(1, -int(-seconds // FLASH_STEP_SECONDS)))


def body(pdu: ModbusPDU) -> bytes:
    """Function and data, as they stand in either frame."""
    return bytes((pdu.function_code,)) + pdu.encode()


def frame(framing: Framing, module: int, number: int, pdu: ModbusPDU) -> bytes:
    """`number`: of the exchange, which only TCP frames carry."""
    return _FRAMERS[framing].encode(body(pdu), module, number)


def find(framing: Framing, received: bytes, module: int, number: int, function: int) -> bytes | None:
    """Function and data of the first sound reply of this module to this function; noise and others' are skipped."""
    at = 6 if framing is Framing.TCP else 0
    for start in range(len(received)):
        # Looked at first, for pymodbus goes through all that follows at every start: a babbling line would stop us.
        head = received[start + at : start + at + 2]
        if len(head) < 2 or head[0] != module or head[1] & ~EXCEPTION != function:
            continue
        if framing is Framing.TCP and received[start + 2 : start + 4] != b"\x00\x00":
            continue
        _, from_module, replied, said = _FRAMERS[framing].decode(received[start:])
        right_number = framing is Framing.RTU or replied == number
        if said and from_module == module and right_number and said[0] & ~EXCEPTION == function:
            return said
    return None


def exception_of(said: bytes) -> int | None:
    """The code of an exception reply; 0 where it has none."""
    if not said[0] & EXCEPTION:
        return None
    return said[1] if len(said) > 1 else 0


def bits(said: bytes) -> Sequence[bool]:
    """Of a reply to reading outputs or inputs, filled up to whole bytes."""
    reply = ReadCoilsResponse()
    reply.decode(said[1:])
    return reply.bits


def registers(said: bytes) -> Sequence[int]:
    """Whole ones, as many as there are, whatever the reply says of its length."""
    return tuple(int.from_bytes(said[at : at + 2], "big") for at in range(2, len(said) - 1, 2))
