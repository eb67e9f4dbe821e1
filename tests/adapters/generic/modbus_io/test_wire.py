import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import WriteMultipleCoilsRequest

from adapters.generic.modbus_io import wire
from adapters.generic.modbus_io.simulator import frames
from adapters.generic.modbus_io.wire import Framing

VECTORS: tuple[tuple[str, ModbusPDU], ...] = (
    ("01 05 00 00 FF 00 8C 3A", wire.write_output(0, wire.ON)),
    ("01 05 00 00 00 00 CD CA", wire.write_output(0, wire.OFF)),
    ("01 05 00 00 55 00 F2 9A", wire.write_output(0, wire.TOGGLE)),
    ("01 05 02 00 00 07 8D B0", wire.flash(0, 0.7)),
    ("01 05 02 01 00 08 9C 74", wire.flash(1, 0.8)),
    ("01 02 00 00 00 08 79 CC", wire.read_inputs(0, 8)),
    ("01 01 00 00 00 08 3D CC", wire.read_outputs(0, 8)),
    ("01 0F 00 00 00 08 01 FF BE D5", WriteMultipleCoilsRequest(0, [True] * 8)),
    ("01 05 00 FF FF 00 BC 0A", wire.write_output(wire.ALL_OUTPUTS, wire.ON)),
)


@pytest.mark.parametrize(("frame", "pdu"), VECTORS, ids=[frame for frame, _ in VECTORS])
def test_a_request_is_spelled_as_modules_read_it(frame: str, pdu: ModbusPDU) -> None:
    raw = bytes.fromhex(frame)

    assert wire.frame(Framing.RTU, 1, 0, pdu) == raw
    heard = frames.find_request(False, b"\x00\xff" + raw)
    assert heard is not None
    assert (heard.unit, heard.function, heard.raw) == (1, pdu.function_code, raw)


def test_an_exception_is_read() -> None:
    said = wire.find(Framing.RTU, bytes.fromhex("01 85 03 02 91"), 1, 0, 5)

    assert said is not None
    assert wire.exception_of(said) == 3


@pytest.mark.parametrize(("seconds", "steps"), [(0.01, 1), (0.1, 1), (0.5, 5), (0.55, 6), (2.0, 20)])
def test_a_flash_is_counted_in_steps_of_a_tenth(seconds: float, steps: int) -> None:
    assert wire.body(wire.flash(3, seconds)) == bytes((5, 2, 3, 0, steps))


def test_a_tcp_frame_carries_the_number_of_its_exchange() -> None:
    raw = wire.frame(Framing.TCP, 7, 0x1234, wire.read_inputs(0, 8))

    assert raw == bytes.fromhex("12 34 00 00 00 06 07 02 00 00 00 08")


@pytest.mark.parametrize("framing", Framing)
@given(before=st.binary(max_size=12), after=st.binary(max_size=12), states=st.integers(0, 255))
def test_a_reply_is_found_among_rubbish(framing: Framing, before: bytes, after: bytes, states: int) -> None:
    tcp = framing is Framing.TCP
    request = frames.find_request(tcp, wire.frame(framing, 9, 77, wire.read_inputs(0, 8)))
    assert request is not None
    reply = frames.reply(tcp, request, bytes((2, 1, states)))

    assert wire.find(framing, before + reply + after, 9, 77, 2) == bytes((2, 1, states))
    assert wire.find(framing, reply[:-1], 9, 77, 2) is None
    assert wire.find(framing, reply, 8, 77, 2) is None
    assert wire.find(framing, reply, 9, 77, 1) is None


def test_a_tcp_reply_to_another_question_is_not_taken() -> None:
    request = frames.find_request(True, wire.frame(Framing.TCP, 9, 77, wire.read_inputs(0, 8)))
    assert request is not None

    assert wire.find(Framing.TCP, frames.reply(True, request, b"\x02\x01\xff"), 9, 78, 2) is None
