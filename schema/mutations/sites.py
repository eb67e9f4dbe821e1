"""Mutations of sites."""

from app.sites import service
from schema.mutations import Call, Mutations, Outcome, Payload
from tenants.work import Replay


async def create_site(call: Call) -> Outcome:
    async with call.context.begin(call.key) as work:
        id_ = await service.create(work, call.given)
        work.answer = ("Site", id_)
    return work.answer


async def update_site(call: Call) -> Outcome:
    id_ = call.id("site_id", "Site")
    async with call.context.begin(call.key) as work:
        await service.change(work, id_, call.given)
        work.answer = ("Site", id_)
    return work.answer


async def delete_site(call: Call) -> Outcome:
    id_ = call.id("id", "Site")
    try:
        async with call.context.begin(call.key) as work:
            await service.delete(work, id_)
            work.answer = ("Site", id_)
    except Replay:
        # The thing is gone: there is nothing to read back, and the answer is known.
        return Payload("DeletePayload", {"deletedId": call.given["id"]})
    return Payload("DeletePayload", {"deletedId": call.given["id"]})


MUTATIONS: Mutations = {"createSite": create_site, "updateSite": update_site, "deleteSite": delete_site}
