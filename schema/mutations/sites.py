"""Mutations of sites."""

from app.sites import service
from schema.mutations import Call, Mutations, Outcome, delete


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
    return await delete(call, "Site", service.delete)


MUTATIONS: Mutations = {"createSite": create_site, "updateSite": update_site, "deleteSite": delete_site}
