"""The vendor's address book: people and departments, and who collects for which department."""

from collections.abc import Mapping
from typing import Any

from adapters.pitney.simulator.world import NotDone, need

# As the vendor's samples look: 24 hexadecimal digits.
FIRST = 0x65A0_0000_0000_0000_0000_0001


class AddressBook:
    """`strict`: reservations for contacts that are not in the book are refused."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self._contacts: dict[str, Mapping[str, Any]] = {}
        self._members: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._contacts)

    def add(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """The same personalId and name again is the same contact; another name under it is refused."""
        need(ask, "personalId", "name")
        if ask.get("type", "S") not in {"S", "U"} or ask.get("contactType") not in {"RECIPIENT", "SENDER", "ALL"}:
            raise NotDone(400, "validation_error", "type or contactType")
        for id_, known in self._contacts.items():
            if known["personalId"] == ask["personalId"]:
                if known["name"] != ask["name"]:
                    raise NotDone(400, "validation_error", "the personalId belongs to another contact")
                return {"contactId": id_, **known}
        id_ = f"{FIRST + len(self._contacts):024x}"
        self._contacts[id_] = dict(ask)
        return {"contactId": id_, **ask}

    def check(self, ask: Mapping[str, Any]) -> None:
        named = {ask.get("contactId"), ask.get("depositorContactId")} - {None}
        if self.strict and not named <= self._contacts.keys():
            raise NotDone(400, "validation_error", "no such contact")

    def join(self, department: str, personal_ids: list[str]) -> None:
        """Who may collect for a department. The vendor keeps that outside its API."""
        self._members.setdefault(department, set()).update(personal_ids)

    def departments_of(self, personal_id: str) -> set[str]:
        """Contacts for which somebody with this personalId may collect: departments, and a department's own id."""
        own = {id_ for id_, known in self._contacts.items() if known["personalId"] == personal_id}
        return own | {department for department, members in self._members.items() if personal_id in members}
