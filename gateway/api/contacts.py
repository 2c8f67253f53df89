"""Contacts: looking up, changing, merging, and the proof that an address is theirs."""

from typing import Annotated

from msgspec import Meta

from gateway.api import queries
from gateway.api.cursors import cursor, number_at
from gateway.api.messages import KEY
from gateway.api.problems import Problem, invalid, not_found
from gateway.api.route import Call, Route
from gateway.api.shapes import MOST_ON_PAGE, ContactAnswer, Given, Id, PageQuery, Strict, TimelinePage, Word, as_stored
from gateway.keys import Scope
from gateway.people.linking import LinkAsk, request
from gateway.people.orders import PeopleOrder, arrange
from gateway.people.verifying import Confirmation, confirm
from gateway.send.asks import Rejected
from normalizer.addresses import InvalidAddress, normalise
from normalizer.commands import (
    MAX_CODE_TEXT,
    Arrangement,
    ContactChange,
    MergeContacts,
    RequestVerification,
    Short,
    UnmergeContact,
    UpdateContact,
)
from normalizer.errors import ErrorCode
from normalizer.identity import scopes_at
from normalizer.model import Contact
from normalizer.proving import Link, spoken_code


class LinkRequest(Strict, frozen=True, kw_only=True):
    """Exactly one of `connector` and `channel`."""

    address: Short
    """As people write it: a phone number, an e-mail address."""
    connector: Word | None = None
    channel: Word | None = None
    """Any connector of it that can write first."""
    text: Annotated[str, Meta(max_length=MAX_CODE_TEXT)] | None = None
    """What is sent, with `{code}` where the code goes; else a sentence in the contact's language."""


class CodeGiven(Strict, frozen=True, kw_only=True):
    code: Annotated[str, Meta(max_length=24)]
    """Six digits; spaces and hyphens between them do not matter."""


class MergeWish(Strict, frozen=True, kw_only=True):
    contact_id: Id
    """Who is the same person."""
    why: Word | None = None


class UnmergeWish(Strict, frozen=True, kw_only=True):
    why: Word | None = None


class ContactsQuery(Strict, frozen=True, kw_only=True):
    connector: Annotated[str, Meta(description="Name of a connector.")]
    address: Annotated[str, Meta(max_length=500, description="An address on it, as people write it.")]


class ContactList(Given, frozen=True, kw_only=True):
    contacts: tuple[Contact, ...]
    """The proven one first; whoever only says to have the address after them."""


class LinkAnswer(Given, frozen=True, kw_only=True):
    link: Link


def find(call: Call) -> ContactList:
    """Raises Problem: 422."""
    asked: ContactsQuery = call.query
    connector = call.hub.connectors.get(asked.connector)
    if connector is None:
        raise invalid("connector", f"there is no connector {asked.connector!r}")
    try:
        value = normalise(connector.place.scheme, asked.address)
    except InvalidAddress as error:
        raise Problem(422, ErrorCode.INVALID_ADDRESS, f"address: {error}") from error
    with queries.snapshot(call.hub.engine) as rows:
        found = queries.contacts_at(rows, connector.place.scheme, scopes_at(connector.id), value)
    return ContactList(contacts=tuple(map(as_stored, found)))


def get(call: Call) -> ContactAnswer:
    return _answer(call, call.id)


def patch(call: Call) -> ContactAnswer:
    return _arranged(call, UpdateContact(contact_id=call.id, change=call.body))


def merge(call: Call) -> ContactAnswer:
    return _arranged(call, MergeContacts(contact_id=call.id, other_id=call.body.contact_id, why=call.body.why))


def unmerge(call: Call) -> ContactAnswer:
    return _arranged(call, UnmergeContact(contact_id=call.id, why=call.body.why))


def timeline(call: Call) -> TimelinePage:
    after = number_at("timeline", call.query.cursor) if call.query.cursor else 0
    limit = min(call.query.limit, MOST_ON_PAGE)
    with queries.snapshot(call.hub.engine) as rows:
        if queries.contact(rows, call.id) is None:
            raise not_found("contact")
        found = queries.timeline(rows, call.id, after, limit + 1)
    page = found[:limit]
    return TimelinePage(
        messages=tuple(as_stored(body) for _, body in page),
        next=cursor("timeline", page[-1][0]) if len(found) > limit else None,
    )


def link(call: Call) -> LinkAnswer:
    wanted: LinkRequest = call.body
    key = call.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise invalid("Idempotency-Key", "1 to 255 visible ASCII characters")
    command = RequestVerification(
        contact_id=call.id,
        address=wanted.address,
        connector=wanted.connector,
        channel=wanted.channel,
        text=wanted.text,
    )
    ask = LinkAsk(call.principal.id, command, call.hub.connectors, key)
    return LinkAnswer(link=_accepted(call.hub.writer.submit(request, ask).result()))


def confirm_link(call: Call) -> LinkAnswer:
    code = spoken_code(call.body.code)
    if code is None:
        raise invalid("code", "six digits")
    confirmation = Confirmation(call.id, call.path["link"], code)
    return LinkAnswer(link=_accepted(call.hub.writer.submit(confirm, confirmation).result()))


def _arranged(call: Call, command: Arrangement) -> ContactAnswer:
    result = call.hub.writer.submit(arrange, PeopleOrder(call.principal.name, command)).result()
    if isinstance(result, Rejected):
        raise _refused(result)
    contact: Contact = result
    return _answer(call, contact.id)


def _answer(call: Call, contact_id: str) -> ContactAnswer:
    with queries.snapshot(call.hub.engine) as rows:
        body = queries.contact(rows, contact_id)
        if body is None:
            raise not_found("contact")
        return ContactAnswer(
            contact=as_stored(body),
            identities=queries.identities(rows, contact_id),
            routes=queries.routes(rows, contact_id),
        )


def _accepted(result: Link | Rejected) -> Link:
    if isinstance(result, Rejected):
        raise _refused(result)
    return result


def _refused(rejected: Rejected) -> Problem:
    headers = {"retry-after": "600"} if rejected.status == 429 else None
    return Problem(rejected.status, rejected.code, rejected.detail, headers=headers)


CONTACTS = (
    Route(
        method="GET",
        path="/v1/contacts",
        do=find,
        scope=Scope.READ,
        summary="Whose an address is",
        about="The contacts a message from this address would be of: one where it proves to be theirs, another where it"
        " does not. Empty where nobody is known there.",
        query=ContactsQuery,
        answer=ContactList,
    ),
    Route(
        method="GET",
        path="/v1/contacts/{id}",
        do=get,
        scope=Scope.READ,
        summary="A contact with identities and routes",
        about="One that became part of another says so by `merged_into`; its identities and routes are the other's.",
        answer=ContactAnswer,
    ),
    Route(
        method="PATCH",
        path="/v1/contacts/{id}",
        do=patch,
        scope=Scope.WRITE,
        summary="Change a contact",
        about="Answers once `contact.updated` is durable; what changes nothing is no event. A contact that became part"
        " of another is changed as the other.",
        body=ContactChange,
        answer=ContactAnswer,
        errors=(503,),
    ),
    Route(
        method="GET",
        path="/v1/contacts/{id}/timeline",
        do=timeline,
        scope=Scope.READ,
        summary="All messages of a contact",
        about="Of all its conversations, and of those of contacts that became part of it, in the order they were"
        " recorded.",
        query=PageQuery,
        answer=TimelinePage,
    ),
    Route(
        method="POST",
        path="/v1/contacts/{id}/merge",
        do=merge,
        scope=Scope.WRITE,
        summary="Say that two contacts are one person",
        about="The older one stays, and is what is answered; the other points to it. Their open conversations become"
        " one. What is one already stays as it is. 409: one of them was erased.",
        body=MergeWish,
        answer=ContactAnswer,
        errors=(409, 503),
    ),
    Route(
        method="POST",
        path="/v1/contacts/{id}/unmerge",
        do=unmerge,
        scope=Scope.WRITE,
        summary="Undo the merge of a contact",
        about="Identities and routes go back to the contact they came from; messages stay where they were written. What"
        " channels prove later does not join the two again, except a code that comes back.",
        body=UnmergeWish,
        answer=ContactAnswer,
        errors=(503,),
    ),
    Route(
        method="POST",
        path="/v1/contacts/{id}/links",
        do=link,
        scope=Scope.WRITE,
        summary="Send a code to an address that a contact says is theirs",
        about="The code comes back as a message that consists of it, on a proven route of the contact, or by"
        " `/links/{link}/confirm`, within 15 minutes and five attempts. `verification.passed` says that the address is"
        " proven, and whoever had it is one with the contact. 422 `unproven`: nothing the contact wrote from is"
        " proven. 429: too many codes within an hour.",
        body=LinkRequest,
        answer=LinkAnswer,
        status=202,
        errors=(409, 429, 503),
        headers={"Idempotency-Key": "1 to 255 visible ASCII characters; kept 7 days, unique per API key."},
    ),
    Route(
        method="POST",
        path="/v1/contacts/{id}/links/{link}/confirm",
        do=confirm_link,
        scope=Scope.WRITE,
        summary="Hand in the code",
        about="A wrong one is refused with `wrong_code`, and counts. Handing in the right one again changes nothing.",
        body=CodeGiven,
        answer=LinkAnswer,
        errors=(409, 503),
    ),
)
