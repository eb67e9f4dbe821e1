"""The words of bad luck: what may go wrong between an order and a door, at any vendor."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Fault(StrEnum):
    """Each value is the sentence that the printed matrix shows."""

    NOTHING_WRONG = "nothing wrong"
    # --- the way to the device
    NOBODY_LISTENS = "nobody listens at the address"
    VENDOR_AWAY = "the vendor or the line is silent"
    LINE_CUT = "every connection is cut at once"
    POWER_LOSS = "power lost and back again"
    NO_ANSWER = "no answer and no effect"
    LOST_COMMAND = "the command is lost on its way"
    RESET_BEFORE = "connection reset before the effect"
    RESET_AFTER = "connection reset after the effect"
    RESET_MID = "connection reset in the middle of a command"
    # --- the answer's time
    LATE_ANSWER = "a late answer, still in time"
    SLOW_DRIP = "an answer that drips, byte by byte"
    ANSWER_LOST = "the effect, and no answer"
    EFFECT_LATE = "the effect after everybody gave up"
    QUIET_SPELL = "the device goes quiet after the command"
    # --- the answer's form
    TRUNCATED = "an answer that ends in the middle"
    MALFORMED = "an answer of no known form"
    WRONG_SHAPE = "a well-formed answer of another shape"
    HUGE = "an answer larger than any may be"
    NOISE_BEFORE = "noise before a frame"
    NOISE_AFTER = "noise after a frame"
    SPLIT_FRAME = "one frame in two pieces"
    BAD_CHECKSUM = "a wrong checksum"
    WRONG_ADDRESS = "an answer from the wrong address"
    STALE_REPLY = "the answer to the command before"
    DROPPED_REPLY = "a reply that never comes"
    REPEATED_REPLY = "an answer that comes twice"
    # --- the vendor's no
    REFUSED = "the vendor says no"
    NOT_FOUND = "the vendor knows no such thing"
    SLOW_DOWN = "429 with Retry-After"
    SERVER_ERROR = "500 before the effect"
    SERVER_ERROR_AFTER = "500 after the effect"
    UNAVAILABLE = "503 after the effect"
    REDIRECT = "a redirect to another address"
    # --- being let in
    TOKEN_REFUSED_ONCE = "401 once, with a good token"  # noqa: S105 - a sentence
    TOKEN_REFUSED = "401 with every token"  # noqa: S105 - a sentence
    TOKEN_EXPIRED = "the token runs out in the middle"  # noqa: S105 - a sentence
    TOKEN_SERVICE_DOWN = "no token is to be had"  # noqa: S105 - a sentence
    CREDENTIALS_REFUSED = "the credentials themselves are refused"
    # --- the door
    JAMMED_DOOR = "the door is jammed"
    OPEN_ALREADY = "the door stands open already"
    HALF_OPEN = "the door is held half open"
    BOUNCING_SWITCH = "the door's switch bounces"
    FORCED_OPEN = "a door opened by nobody we know"
    WRONG_DOOR = "another door answers or moves"
    OUT_OF_SERVICE = "the unit is out of service"
    # --- the books
    UNKNOWN_UNIT = "a unit that is not there"
    UNKNOWN_BANK = "a bank that is not there"
    UNKNOWN_STATUS = "a word nobody knows"
    CLOCK_SKEW = "clocks two hours apart"
    SAME_ORDER_TWICE = "the same order twice at once"
    BANK_FULL = "no unit is free"
    LAST_UNIT_RACED = "two ask for the last unit"
    PARTIAL_FREE = "some of the parcels are taken"
    # --- what comes by itself
    DUPLICATE_EVENT = "an event that comes twice"
    EVENTS_OUT_OF_ORDER = "events in the wrong order"
    LOST_EVENT = "an event that never comes"
    FORGED_EVENT = "an event somebody else signed"
    LATE_EVENT = "an event hours late"


# Faults that every adapter meets, whatever its hardware: for these a rig may not say "not possible here".
UNAVOIDABLE = frozenset(
    {
        Fault.NOTHING_WRONG,
        Fault.NOBODY_LISTENS,
        Fault.VENDOR_AWAY,
        Fault.POWER_LOSS,
        Fault.UNKNOWN_UNIT,
        Fault.UNKNOWN_BANK,
        Fault.SAME_ORDER_TWICE,
    }
)


def _reasons(why: str, *faults: Fault) -> Mapping[Fault, str]:
    return MappingProxyType(dict.fromkeys(faults, why))


# Reasons that many rigs share; a rig puts its `impossible` together from these and from its own.
NO_FRAMES = _reasons(
    "whole messages, no frames",
    Fault.NOISE_BEFORE,
    Fault.NOISE_AFTER,
    Fault.SPLIT_FRAME,
    Fault.BAD_CHECKSUM,
    Fault.WRONG_ADDRESS,
    Fault.DROPPED_REPLY,
    Fault.REPEATED_REPLY,
    Fault.STALE_REPLY,
)
NO_HTTP = _reasons(
    "no HTTP",
    Fault.SLOW_DOWN,
    Fault.SERVER_ERROR,
    Fault.SERVER_ERROR_AFTER,
    Fault.UNAVAILABLE,
    Fault.REDIRECT,
)
NO_TOKENS = _reasons(
    "nobody is asked who they are",
    Fault.TOKEN_REFUSED_ONCE,
    Fault.TOKEN_REFUSED,
    Fault.TOKEN_EXPIRED,
    Fault.TOKEN_SERVICE_DOWN,
    Fault.CREDENTIALS_REFUSED,
)
NO_BOOKS = _reasons(
    "the hardware keeps no reservations",
    Fault.BANK_FULL,
    Fault.LAST_UNIT_RACED,
    Fault.PARTIAL_FREE,
)
NO_EVENTS = _reasons(
    "nothing comes by itself",
    Fault.DUPLICATE_EVENT,
    Fault.EVENTS_OUT_OF_ORDER,
    Fault.LOST_EVENT,
    Fault.FORGED_EVENT,
    Fault.LATE_EVENT,
)
NO_SENSOR = _reasons(
    "no door sensor",
    Fault.HALF_OPEN,
    Fault.BOUNCING_SWITCH,
    Fault.FORCED_OPEN,
    Fault.OPEN_ALREADY,
)
