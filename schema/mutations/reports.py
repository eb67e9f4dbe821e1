"""Mutations of exports."""

from app.reports.model import CreateExport, ExportFormat, ExportKind, Filter
from app.reports.service import create_export
from schema.mutations import Call, Mutations, Outcome


async def create(call: Call) -> Outcome:
    given = call.given
    filter_ = Filter(
        site_id=call.optional_id("site_id", "Site"),
        since=given.get("since"),
        until=given.get("until"),
        actions=tuple(given.get("action") or ()),
    )
    ask = CreateExport(ExportKind(given["kind"]), ExportFormat(given["format"]), filter_)
    async with call.context.begin(call.key) as work:
        work.answer = ("Export", await create_export(work, ask))
    return work.answer


MUTATIONS: Mutations = {"createExport": create}
