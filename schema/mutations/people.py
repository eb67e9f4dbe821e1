"""Mutations of people."""

from app.people import service
from app.people.model import PersonKind
from schema.mutations import Call, Mutations, Outcome, delete


async def create_person(call: Call) -> Outcome:
    async with call.context.begin(call.key) as work:
        id_ = await service.create(work, PersonKind(call.given["kind"]), call.given)
        work.answer = ("Person", id_)
    return work.answer


async def update_person(call: Call) -> Outcome:
    id_ = call.id("person_id", "Person")
    async with call.context.begin(call.key) as work:
        await service.change(work, id_, call.given)
        work.answer = ("Person", id_)
    return work.answer


async def delete_person(call: Call) -> Outcome:
    return await delete(call, "Person", service.delete)


MUTATIONS: Mutations = {"createPerson": create_person, "updatePerson": update_person, "deletePerson": delete_person}
