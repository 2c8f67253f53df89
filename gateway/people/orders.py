"""`contact.update`, `contact.merge`, `route.link` and their like: what operators say of people, and hear."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.people.merge import Unmergeable, merge, unmerge
from gateway.people.routes import link, unlink
from gateway.record.contacts import contact_of, reference, root_of, tell_contact
from gateway.record.desk import Desk
from gateway.send.asks import Refusal, Rejected
from gateway.send.each import each
from gateway.store.transaction import Transaction
from gateway.tracing import trace_in_hand
from normalizer.codec import encode
from normalizer.commands import Arrangement, LinkRoute, MergeContacts, UnlinkRoute, UnmergeContact, UpdateContact
from normalizer.events import ContactData
from normalizer.model import Contact

_SAVE = "UPDATE contacts SET body = ? WHERE id = ?"


@dataclass(frozen=True)
class PeopleOrder:
    """A command about contacts. `by` is the name of whoever gives it."""

    by: str
    command: Arrangement
    trace: str | None = field(default_factory=trace_in_hand)


def arrange(transaction: Transaction, orders: Sequence[PeopleOrder]) -> list[Contact | Rejected]:
    """Carries each out once, or says why not; the contact as it is then. What reads so already is no event."""
    return each(transaction, orders, lambda desk, one: ARRANGE[type(one.command)](desk, one))


def _update(desk: Desk, one: PeopleOrder) -> Contact:
    """A contact that was merged is changed as who it is now."""
    command = one.command
    assert isinstance(command, UpdateContact)
    transaction = desk.transaction
    before = contact_of(transaction, root_of(transaction, command.contact_id) or "")
    if before is None:
        raise _nobody(command.contact_id)
    given = {
        name: value
        for name in command.change.__struct_fields__
        if (value := getattr(command.change, name)) is not msgspec.UNSET
    }
    for name in ("tags", "preferred_channels"):
        if name in given:
            given[name] = tuple(dict.fromkeys(given[name]))
    contact = msgspec.structs.replace(before, **given)
    if contact != before:
        transaction.change(_SAVE, encode(contact), contact.id)
        tell_contact(transaction, None, "contact.updated", contact.id, ContactData(contact=reference(contact)))
    return contact


def _merge(desk: Desk, one: PeopleOrder) -> Contact:
    command = one.command
    assert isinstance(command, MergeContacts)
    try:
        return merge(desk, command.contact_id, command.other_id, command.why or f"merged by {one.by}", vouched=True)
    except KeyError as error:
        raise _nobody(error.args[0]) from error
    except Unmergeable as reason:
        raise Refusal(409, "conflict", f"they stay two: {reason}") from reason


def _unmerge(desk: Desk, one: PeopleOrder) -> Contact:
    command = one.command
    assert isinstance(command, UnmergeContact)
    try:
        contact = unmerge(desk, command.contact_id, command.why or f"unmerged by {one.by}")
    except KeyError as error:
        raise _nobody(error.args[0]) from error
    if contact.merged_into is not None:
        raise Refusal(409, "conflict", "the merge is too long ago to be undone (`limits.keep_merges`)")
    return contact


def _link(desk: Desk, one: PeopleOrder) -> Contact:
    command = one.command
    assert isinstance(command, LinkRoute)
    try:
        return link(desk, command.route_id, command.contact_id, command.why or f"linked by {one.by}")
    except KeyError as error:
        raise _nobody(error.args[0]) from error
    except Unmergeable as reason:
        raise Refusal(409, "conflict", f"they stay two: {reason}") from reason


def _unlink(desk: Desk, one: PeopleOrder) -> Contact:
    command = one.command
    assert isinstance(command, UnlinkRoute)
    try:
        return unlink(desk, command.route_id, command.why or f"unlinked by {one.by}")
    except KeyError as error:
        raise _nobody(error.args[0]) from error


def _nobody(id_: str) -> Refusal:
    return Refusal(404, "not_found", f"there is no contact or route {id_}")


ARRANGE: Mapping[type[Any], Callable[[Desk, PeopleOrder], Contact]] = {
    UpdateContact: _update,
    MergeContacts: _merge,
    UnmergeContact: _unmerge,
    LinkRoute: _link,
    UnlinkRoute: _unlink,
}
