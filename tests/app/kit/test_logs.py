import io
import json
import logging
from collections.abc import Iterator

import pytest

from app.kit import logs


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the process wrote, with its own handlers put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("info", "json")
    stream = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def _lines(written: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_lines_of_both_kinds_are_one_json_object_with_the_trace_of_what_runs(written: io.StringIO) -> None:
    with logs.traced("abc", tenant="t1"):
        logs.logger("ours").info("door opened", door=14)
        logging.getLogger("theirs").warning("slow %s", "vendor", extra={"seconds": 3})
    ours, theirs = _lines(written)
    assert (ours["event"], ours["door"], ours["trace_id"], ours["tenant"]) == ("door opened", 14, "abc", "t1")
    assert (theirs["event"], theirs["seconds"], theirs["trace_id"], theirs["level"]) == (
        "slow vendor",
        3,
        "abc",
        "warning",
    )


def test_the_trace_ends_with_its_block(written: io.StringIO) -> None:
    with logs.traced() as outer:
        with logs.traced() as inner:
            assert logs.trace_id() == inner != outer
        assert logs.trace_id() == outer
    assert len(outer) == 32


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "accessToken",
        "client_secret",
        "password",
        "pickup_code",
        "pickupCode",
        "Authorization",
        "Set-Cookie",
        "api_key",
        "payload",
        "payload_auth",
        "payloadAuth",
        "keypad_code",
        "linkToken",
        "personal_id",
        "personalId",
    ],
)
def test_what_stands_under_a_secret_name_is_hidden_at_any_depth(written: io.StringIO, key: str) -> None:
    logs.logger("ours").info("sent", **{key: "hunter2", "body": {"deep": [{key: "hunter2"}]}})
    assert "hunter2" not in written.getvalue()
    assert logs.HIDDEN in written.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://lockyard_app:hunter2hunter2@127.0.0.1/lockyard failed",
        "Authorization: Bearer hunter2hunter2",
        "key lyk_hunter2hunter2hunter2 refused",
    ],
)
def test_a_secret_inside_other_text_is_hidden(written: io.StringIO, text: str) -> None:
    logs.logger("ours").info("failed", detail=text)
    logging.getLogger("theirs").error("because %s", text)
    assert "hunter2" not in written.getvalue()


def test_an_exception_is_whole_in_the_log_and_free_of_secrets(written: io.StringIO) -> None:
    try:
        int("postgresql://lockyard_app:hunter2hunter2@127.0.0.1/x")
    except ValueError:
        logs.logger("ours").exception("crashed")
    (line,) = _lines(written)
    assert "Traceback" in str(line["exception"])
    assert "hunter2" not in written.getvalue()


def test_lines_below_the_level_are_not_written(written: io.StringIO) -> None:
    logs.configure("warning", "json")
    logs.logger("ours").info("quiet")
    assert written.getvalue() == ""
