"""Mutations of commands: a person's word on what became of one."""

from app.devices import service
from app.devices.model import Finding
from app.devices.service import SettleCommand
from schema.mutations import Call, Mutations, Outcome


async def settle_command(call: Call) -> Outcome:
    given = call.given
    ask = SettleCommand(call.id("command_id", "Command"), Finding(given["outcome"]), given["comment"])
    async with call.context.begin(call.key) as work:
        work.answer = ("Command", await service.settle(work, ask))
    return work.answer


MUTATIONS: Mutations = {"settleCommand": settle_command}
