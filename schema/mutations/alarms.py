"""Mutations of alarms."""

from datetime import timedelta

from app.alarms import service
from schema.mutations import Call, Mutations, Outcome


async def acknowledge_alarm(call: Call) -> Outcome:
    alarm_id = call.id("alarm_id", "Alarm")
    async with call.context.begin(call.key) as work:
        work.answer = ("Alarm", await service.acknowledge(work, alarm_id, call.given.get("comment")))
    return work.answer


async def shelve_alarm(call: Call) -> Outcome:
    alarm_id, by = call.id("alarm_id", "Alarm"), timedelta(minutes=call.given["minutes"])
    async with call.context.begin(call.key) as work:
        work.answer = ("Alarm", await service.shelve(work, alarm_id, by, call.given["reason"]))
    return work.answer


MUTATIONS: Mutations = {"acknowledgeAlarm": acknowledge_alarm, "shelveAlarm": shelve_alarm}
