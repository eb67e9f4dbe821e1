from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.kit.db import Conn, Database
from app.kit.embedded import Dsns
from app.kit.ids import new_id
from tenants.audit.model import Checkpoint
from tenants.audit.service import CHECKPOINT_FILE, Signer, checkpoint_line
from tenants.verification.model import Pin, Report, UnreadableError
from tenants.verification.service import Trust, read_keys, read_pins, summary, verify_database, verify_tenant
from tests.tenants.verification.attacked import ENTRIES, SIGNER, Log, entry_at, make_log, remove, seal_anew

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def log(
    admin_db: Database, app_db: Database, worker_db: Database, tmp_path_factory: pytest.TempPathFactory
) -> Log:
    return await make_log(admin_db, app_db, worker_db, tmp_path_factory.mktemp("outside"))


@pytest.fixture
async def attack(admin_db: Database, log: Log) -> AsyncIterator[tuple[Conn, Callable]]:
    """A connection of the owner inside a transaction, and the check as that transaction sees the log."""
    async with admin_db.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()

        async def check(trust: Trust | None = None) -> Report:
            return await verify_tenant(conn, log.tenant, trust or log.keys, lambda *_: None)

        yield conn, check
        await transaction.rollback()


def first(report: Report) -> tuple[str, int]:
    assert not report.ok, "the attack went unnoticed"
    return report.problems[0].kind, report.problems[0].sequence


async def test_an_untouched_log_is_whole_for_every_role_that_may_check(
    log: Log, worker_db: Database, dsns: Dsns
) -> None:
    owner = await Database.connect(dsns.owner, size=1)
    seen: list[tuple[int, int]] = []
    try:
        for db in (worker_db, owner):
            reports = await verify_database(
                db, log.keys_and_pins, progress=lambda _, done, total: seen.append((done, total))
            )
            assert [(r.entries, r.checkpoints, r.problems) for r in reports] == [(ENTRIES, 3, [])]
            assert summary(reports)[0]["ok"]
    finally:
        await owner.close()
    assert seen[-1] == (ENTRIES, ENTRIES)


@pytest.mark.parametrize(
    "change",
    [
        "action = 'other:act'", "actor_label = 'Somebody else'", "occurred_at = occurred_at + interval '1 microsecond'",
        "outcome = 'DENIED'", "details = '{}'", "details = details || '{\"n\": 7.0}'", "reason = ''", "site_id = id",
        "commitments = '{}'", "actor_id = NULL", "request_id = request_id || ' '", "origin = upper(origin)",
    ],
)  # fmt: skip
async def test_an_edited_entry_is_named(attack: tuple[Conn, Callable], log: Log, change: str) -> None:
    conn, check = attack
    id_ = await entry_at(conn, log, 17)
    await conn.execute(f"UPDATE audit_entry SET {change} WHERE tenant_id = $1 AND id = $2", log.tenant, id_)
    report = await check()
    assert first(report) == ("changed", 17)
    assert report.problems[0].entry_id == str(id_)
    assert len(report.problems) == 1


async def test_a_changed_personal_value_is_named_and_an_erased_one_is_fine(
    attack: tuple[Conn, Callable], log: Log
) -> None:
    conn, check = attack
    await conn.execute("DELETE FROM audit_personal WHERE entry_id = $1", await entry_at(conn, log, 3))
    assert (await check()).ok
    await conn.execute("UPDATE audit_personal SET value = 'Eva' WHERE entry_id = $1", await entry_at(conn, log, 5))
    assert first(await check()) == ("personal value changed", 5)


async def test_a_deleted_entry_is_named(attack: tuple[Conn, Callable], log: Log) -> None:
    conn, check = attack
    await remove(conn, log, 12, 13)
    report = await check()
    assert first(report) == ("missing", 12)
    assert "12 to 13" in report.problems[0].text


async def test_a_deleted_entry_whose_seal_was_left_is_named(attack: tuple[Conn, Callable], log: Log) -> None:
    conn, check = attack
    await conn.execute("ALTER TABLE audit_seal DROP CONSTRAINT fk_audit_seal_tenant_id_entry_id")
    await conn.execute("DELETE FROM audit_personal WHERE entry_id = $1", await entry_at(conn, log, 9))
    await conn.execute("DELETE FROM audit_entry WHERE id = $1", await entry_at(conn, log, 9))
    assert first(await check()) == ("deleted", 9)


COPY = """INSERT INTO audit_entry SELECT tenant_id, $2, occurred_at, actor_id, actor_kind, actor_label, organization_id,
    action, target_type, target_id, site_id, carrier_id, outcome, reason, request_id, origin, details, commitments
    FROM audit_entry WHERE id = $1"""


async def test_an_entry_slipped_in_without_a_seal_is_named(attack: tuple[Conn, Callable], log: Log) -> None:
    conn, check = attack
    forged = new_id()
    await conn.execute(COPY, await entry_at(conn, log, 9), forged)
    report = await check()
    assert (report.problems[0].kind, report.problems[0].entry_id) == ("slipped in", str(forged))


async def test_an_entry_inserted_in_the_middle_is_named(attack: tuple[Conn, Callable], log: Log) -> None:
    conn, check = attack
    forged = new_id()
    await conn.execute(COPY, await entry_at(conn, log, 15), forged)
    await conn.execute("UPDATE audit_seal SET sequence = sequence + 1000 WHERE sequence >= 15")
    await conn.execute("UPDATE audit_seal SET sequence = sequence - 999 WHERE sequence >= 1000")
    await conn.execute("INSERT INTO audit_seal VALUES ($1, 15, $2, $3)", log.tenant, forged, b"x" * 32)
    assert first(await check()) == ("changed", 15)


async def test_an_entry_appended_with_a_guessed_seal_is_named(attack: tuple[Conn, Callable], log: Log) -> None:
    conn, check = attack
    forged = new_id()
    await conn.execute(COPY, await entry_at(conn, log, 15), forged)
    await conn.execute("INSERT INTO audit_seal VALUES ($1, $2, $3, $4)", log.tenant, ENTRIES + 1, forged, b"x" * 32)
    assert first(await check())[1] == ENTRIES + 1


async def test_two_swapped_entries_are_named(attack: tuple[Conn, Callable], log: Log) -> None:
    conn, check = attack
    one, two = await entry_at(conn, log, 21), await entry_at(conn, log, 25)
    move = "UPDATE audit_seal SET entry_id = $2 WHERE tenant_id = $1 AND sequence = $3"
    await conn.execute("DROP INDEX uq_audit_seal_entry")
    await conn.execute(move, log.tenant, two, 21)
    await conn.execute(move, log.tenant, one, 25)
    report = await check()
    assert first(report) == ("changed", 21)
    assert [problem.sequence for problem in report.problems] == [21, 25]


async def test_a_cut_tail_is_named_by_the_head(attack: tuple[Conn, Callable], log: Log) -> None:
    conn, check = attack
    await remove(conn, log, 36, ENTRIES)
    assert first(await check()) == ("cut", 36)


async def test_a_tail_cut_together_with_the_head_is_named_by_a_checkpoint(
    attack: tuple[Conn, Callable], log: Log
) -> None:
    conn, check = attack
    await remove(conn, log, 26, ENTRIES)
    await seal_anew(conn, log)
    assert first(await check()) == ("cut", 26)


async def test_a_tail_cut_with_head_and_checkpoints_is_named_by_those_kept_outside(
    attack: tuple[Conn, Callable], log: Log
) -> None:
    conn, check = attack
    await remove(conn, log, 26, ENTRIES)
    await seal_anew(conn, log)
    await conn.execute("DELETE FROM audit_checkpoint WHERE sequence > 25")
    assert (await check()).ok, "without a pin this cannot be seen"
    assert first(await check(log.keys_and_pins)) == ("cut", 26)


async def test_a_rewritten_stretch_is_narrowed_down_between_two_checkpoints(
    attack: tuple[Conn, Callable], log: Log
) -> None:
    conn, check = attack
    await conn.execute("UPDATE audit_entry SET action = 'x:y' WHERE id = $1", await entry_at(conn, log, 17))
    await seal_anew(conn, log)
    assert first(await check()) == ("rewritten", 11)


async def test_a_log_hashed_anew_without_its_checkpoints_is_named_by_those_kept_outside(
    attack: tuple[Conn, Callable], log: Log
) -> None:
    conn, check = attack
    await conn.execute("UPDATE audit_entry SET action = 'x:y' WHERE id = $1", await entry_at(conn, log, 2))
    await seal_anew(conn, log)
    await conn.execute("DELETE FROM audit_checkpoint")
    unpinned = await check()
    assert unpinned.ok
    assert "no trusted checkpoint" in unpinned.notes[0]
    assert first(await check(log.keys_and_pins)) == ("rewritten", 1)


async def test_a_checkpoint_signed_with_a_key_of_the_attackers_own_is_named(
    attack: tuple[Conn, Callable], log: Log
) -> None:
    conn, check = attack
    theirs = Signer(b"e" * 32)
    await conn.execute("UPDATE audit_checkpoint SET key_id = $1, signature = $2", theirs.key_id, theirs.sign(b"x"))
    assert first(await check())[0] == "unknown key"


@pytest.mark.parametrize(
    "change", ["signature = sha512(signature)", "at = at + interval '1 hour'", "hash = sha256(hash)"]
)
async def test_a_touched_checkpoint_is_named(attack: tuple[Conn, Callable], log: Log, change: str) -> None:
    conn, check = attack
    await conn.execute(f"UPDATE audit_checkpoint SET {change} WHERE sequence = 20")
    assert first(await check()) == ("bad signature", 20)


def signed(tenant: UUID, sequence: int) -> tuple[Pin, ...]:
    """A checkpoint with the right key over a history that is not this one."""
    point = Checkpoint(tenant, sequence, b"f" * 32, datetime.now(UTC), SIGNER.key_id)
    return read_pins(checkpoint_line(point, SIGNER.sign(point.signed())).decode())


async def test_two_histories_signed_by_the_same_key_are_a_fork(attack: tuple[Conn, Callable], log: Log) -> None:
    _, check = attack
    assert first(await check(Trust(log.keys.keys, signed(log.tenant, 20)))) == ("forked", 20)


async def test_a_tenant_that_vanished_is_missed_by_its_pins(log: Log, worker_db: Database) -> None:
    reports = await verify_database(worker_db, Trust(log.keys.keys, signed(new_id(), 7)))
    assert [(report.ok, [p.kind for p in report.problems]) for report in reports if not report.ok] == [(False, ["cut"])]


def test_a_checkpoint_file_cut_short_by_a_crash_is_still_read(log: Log) -> None:
    text = (log.folder / CHECKPOINT_FILE).read_text()
    assert len(read_pins(text)) == 3
    assert len(read_pins(text[:-20])) == 2


@pytest.mark.parametrize("text", ["{}\n", "x\n", "[]\n", '{"tenant_id": "x"}\n'])
def test_what_is_no_checkpoint_is_refused_with_words(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_pins(text)
    with pytest.raises(UnreadableError):
        read_keys(text)
