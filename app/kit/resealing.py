"""Sealing everything anew under the current key, so that an old one can be thrown away. Driven by what tables declare:
a column with `info={"sealed": True}` is sealed for its row's id; `info={"marks": (sealed, salt)}` is the keyed hash of
what is sealed there, salted with that other column."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, LargeBinary, Table, bindparam, select, update

from app.kit.db import Database, Row, Statement
from app.kit.seal import SealBroken, Sealer
from app.kit.tables import Uuid, metadata

_BATCH = 500
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Sealed:
    """One column whose values are sealed, and the column of its keyed hash where it has one."""

    table: Table
    column: str
    mark: str | None = None
    salt: str | None = None

    def page(self) -> Statement:
        """Rows after an id, in its order."""
        c = self.table.c
        salt = [c[self.salt].label("salt")] if self.salt else []
        rows = select(c.tenant_id, c.id, c[self.column].label("sealed"), *salt).where(
            c[self.column].is_not(None), c.id > bindparam("after", type_=Uuid)
        )
        return Statement(rows.order_by(c.id).limit(bindparam("most", type_=Integer)))

    def write(self) -> Statement:
        """Guarded by what was read: who changed it meanwhile sealed it under the current key."""
        c, values = self.table.c, {self.column: bindparam("new_sealed", type_=LargeBinary)}
        if self.mark:
            values[self.mark] = bindparam("new_mark", type_=LargeBinary)
        this = (c.tenant_id == bindparam("of_tenant", type_=Uuid), c.id == bindparam("id_", type_=Uuid))
        return Statement(
            update(self.table).where(*this, c[self.column] == bindparam("old", type_=LargeBinary)).values(values)
        )


def sealed_columns() -> list[Sealed]:
    """From every table that is loaded."""
    found = []
    for table in metadata.sorted_tables:
        marks = {column.info["marks"][0]: column for column in table.c if "marks" in column.info}
        for column in table.c:
            if column.info.get("sealed"):
                mark = marks.get(column.name)
                found.append(
                    Sealed(table, column.name, *((mark.name, mark.info["marks"][1]) if mark is not None else ()))
                )
    return found


async def reseal(db: Database, sealer: Sealer, progress: Progress = lambda *_: None) -> dict[str, int]:
    """`table.column` -> how many values were sealed anew. For the worker's role. May be ended and begun again at any
    moment. Raises SealBroken, once all the others are sealed anew, for values that none of the keys opens: it names the
    first, and they are as they were."""
    done: dict[str, int] = {}
    broken: list[str] = []
    for each in sealed_columns():
        name = f"{each.table.name}.{each.column}"
        done[name], ids = await _column(db, sealer, each, lambda count, name=name: progress(name, count))  # type: ignore[misc]
        broken += [f"{name} of {id_}" for id_ in ids]
    if broken:
        raise SealBroken(f"no key opens {broken[0]}, and {len(broken) - 1} others; all else is sealed anew")
    return done


async def _column(
    db: Database, sealer: Sealer, sealed: Sealed, progress: Callable[[int], None]
) -> tuple[int, list[UUID]]:
    """How many were sealed anew, and the ids of those that could not be opened."""
    page, write, done = sealed.page(), sealed.write(), 0
    broken: list[UUID] = []
    after: Any = "00000000-0000-0000-0000-000000000000"
    while True:
        async with db.plain() as conn:
            rows = await page.rows(conn, after=after, most=_BATCH)
        if not rows:
            return done, broken
        after = rows[-1]["id"]
        for row in rows:
            if not sealer.stale(row["sealed"]):
                continue
            try:
                await _one(db, sealer, sealed, write, row)
            except SealBroken:
                broken.append(row["id"])
            else:
                done += 1
        progress(done)


async def _one(db: Database, sealer: Sealer, sealed: Sealed, write: Statement, row: Row) -> None:
    """A keyed hash is made from what is sealed: only then it is opened."""
    renewed = sealer.renew(row["sealed"], row["id"].bytes)
    given: dict[str, Any] = {"new_sealed": renewed}
    if sealed.mark:
        given["new_mark"] = sealer.mark(sealer.open(renewed, row["id"].bytes).decode(), row["salt"].bytes)
    async with db.tenant([row["tenant_id"]]) as conn:
        await write.run(conn, of_tenant=row["tenant_id"], id_=row["id"], old=row["sealed"], **given)
