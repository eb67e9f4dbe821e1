"""What time does, and how often: every periodic job of the background process."""

from datetime import timedelta

from app.alarms import jobs as alarms
from app.devices import jobs as devices_jobs
from app.devices import queries as devices
from app.devices.model import CommandState
from app.handover import jobs as handover
from app.kit import measures
from app.kit.db import Database
from app.kit.retention import drop_old_facts, drop_spent_keys
from app.kit.schedule import Job
from app.kit.tries import forget_old_tries
from app.openings import jobs as openings
from app.pushes.jobs import forget_old as forget_old_pushes
from app.reports.jobs import Exporter
from app.stays import jobs as stays
from app.stays.jobs import System
from app.usage.jobs import sum_up_hours
from tenants.audit.service import Checkpoints


def jobs(
    db: Database,
    system: System,
    checkpoints: Checkpoints,
    exporter: Exporter,
    *,
    held_open: timedelta,
    outage: timedelta,
) -> list[Job]:
    return [
        Job("stays.expire", timedelta(seconds=2), lambda: stays.expire(db, system)),
        Job("stays.mark_overdue", timedelta(seconds=30), lambda: stays.mark_overdue(db, system)),
        Job("alarms.held_open", timedelta(seconds=1), lambda: alarms.raise_held_open(db, system, held_open)),
        Job("handover.renew", timedelta(seconds=30), lambda: handover.renew(db, system)),
        Job("handover.bury_dead", timedelta(seconds=5), lambda: handover.bury_dead(db, system)),
        Job("alarms.confirm", timedelta(seconds=5), lambda: alarms.confirm(db, system, outage)),
        Job("lockers.back_in_service", timedelta(seconds=20), lambda: devices_jobs.bring_back(db, system)),
        Job("openings.expire", timedelta(seconds=10), lambda: openings.expire(db, system)),
        Job("reports.make", timedelta(seconds=1), exporter.make_waiting),
        Job("reports.expire", timedelta(minutes=1), exporter.expire),
        Job("usage.sum_up_hours", timedelta(minutes=2), lambda: sum_up_hours(db)),
        Job("audit.checkpoints", timedelta(minutes=30), checkpoints.run),
        Job("commands.count", timedelta(seconds=10), lambda: count_commands(db)),
        Job("retention.keys", timedelta(minutes=30), lambda: drop_spent_keys(db)),
        Job("retention.tries", timedelta(minutes=10), lambda: forget_old_tries(db)),
        Job("retention.pushes", timedelta(hours=6), lambda: forget_old_pushes(db, system)),
        Job("retention.facts", timedelta(hours=6), lambda: drop_old_facts(db)),
    ]


async def count_commands(db: Database) -> None:
    """For those who watch the figures."""
    async with db.plain() as conn:
        found = await devices.by_state(conn)
    for state in CommandState:
        measures.COMMANDS.labels(state.value).set(found.get(state.value, 0))
