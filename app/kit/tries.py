"""Guesses counted for all processes together, in the database and on its clock: more processes give no more guesses."""

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Boolean, Column, Double, Integer, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.kit.db import Database, Statement
from app.kit.guesses import Window
from app.kit.tables import Time, global_table

# Unlogged: what is counted is worth minutes, and no try should wait for a disk. After a crash of the server it is
# empty; each process still counts for itself then. Keys are hashes: who tried is nobody's to read here.
tries = global_table(
    "guess_window",
    Column("key", LargeBinary, primary_key=True),
    Column("most", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("moments", ARRAY(Time), nullable=False),
    Column("taken", Boolean, nullable=False),
    Column("until", Time, nullable=False),
    unlogged=True,
)

# In the order of the keys, so that two processes never wait for each other.
_TAKE = Statement(
    text("""
    INSERT INTO guess_window AS w (key, most, seconds, moments, taken, until)
    SELECT t.key, t.most, t.seconds, ARRAY[clock_timestamp()], true,
           clock_timestamp() + make_interval(secs => t.seconds)
    FROM unnest(CAST(:keys AS bytea[]), CAST(:mosts AS integer[]), CAST(:spans AS float8[])) AS t (key, most, seconds)
    ORDER BY t.key
    ON CONFLICT (key) DO UPDATE SET
      most = excluded.most, seconds = excluded.seconds, until = excluded.until,
      (moments, taken) = (
        SELECT CASE WHEN count(*) < excluded.most THEN array_agg(m ORDER BY m) || excluded.moments
                    ELSE array_agg(m ORDER BY m) END,
               count(*) < excluded.most
        FROM unnest(w.moments) AS m WHERE m > clock_timestamp() - make_interval(secs => excluded.seconds))
    RETURNING key, taken, seconds + CAST(extract(epoch FROM moments[1] - clock_timestamp()) AS float8) AS wait""")
)
_GIVE_BACK = Statement(
    text("""
    WITH held AS MATERIALIZED (
        SELECT key FROM guess_window
        WHERE key = ANY (CAST(:own AS bytea[]) || CAST(:others AS bytea[])) ORDER BY key FOR UPDATE),
    forgotten AS (
        DELETE FROM guess_window w USING held WHERE w.key = held.key AND w.key = ANY (CAST(:own AS bytea[])))
    UPDATE guess_window w SET moments = trim_array(moments, 1) FROM held
    WHERE w.key = held.key AND w.key = ANY (CAST(:others AS bytea[])) AND cardinality(moments) > 0""")
)
_FORGET = Statement(text("DELETE FROM guess_window WHERE until < clock_timestamp()"))


def _hashed(window: Window) -> bytes:
    return sha256(window.key.encode()).digest()


class Tries:
    """A Guard. `db` must not be the pool whose connections its callers hold while they ask."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def take(self, windows: Sequence[Window]) -> float:
        keys = [_hashed(window) for window in windows]
        given = {"keys": keys, "mosts": [w.most for w in windows], "spans": [w.seconds for w in windows]}
        async with self._db.pool.acquire() as conn:
            rows = await _TAKE.rows(conn, **given)
            full = [max(float(row["wait"]), 0.001) for row in rows if not row["taken"]]
            if full:
                # A try that may not be made counts nowhere.
                await _GIVE_BACK.run(conn, own=[], others=[row["key"] for row in rows if row["taken"]])
        return max(full, default=0.0)

    async def give_back(self, own: Window, others: Sequence[Window]) -> None:
        async with self._db.pool.acquire() as conn:
            await _GIVE_BACK.run(conn, own=[_hashed(own)], others=[_hashed(window) for window in others])


async def forget_old_tries(db: Database) -> int:
    async with db.pool.acquire() as conn:
        return await _FORGET.run(conn)
