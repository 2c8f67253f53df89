"""Conversations: looking up, listing, and changing what agents change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.api import queries
from gateway.api.cursors import cursor, number_at
from gateway.api.messages import ordered, seen
from gateway.api.problems import Code, Problem, not_found
from gateway.api.route import Call
from gateway.api.shapes import (
    MOST_ON_PAGE,
    ConversationAnswer,
    ConversationChange,
    ConversationPage,
    MessagePage,
    as_stored,
)
from gateway.record.cases import Case, Cases
from gateway.store.transaction import Transaction
from gateway.tracing import trace_in_hand
from normalizer.commands import RaiseEmergency, ReadConversation
from normalizer.model import Conversation, ConversationState

NEWEST = 2**62
"""Above every number of a conversation."""


def listing(call: Call) -> ConversationPage:
    asked = call.query
    before = number_at("conversations", asked.cursor) if asked.cursor else NEWEST
    wanted = queries.Filter(asked.state, asked.inbox, asked.contact)
    with queries.snapshot(call.hub.engine) as rows:
        found, left = queries.conversations(rows, wanted, before, min(asked.limit, MOST_ON_PAGE))
    return ConversationPage(conversations=tuple(found), next=None if left is None else cursor("conversations", left))


def get(call: Call) -> ConversationAnswer:
    with queries.snapshot(call.hub.engine) as rows:
        found = _known(queries.conversation(rows, call.id))
        return ConversationAnswer(conversation=found, participants=queries.participants(rows, call.id))


def messages(call: Call) -> MessagePage:
    after = call.query.after_sequence
    with queries.snapshot(call.hub.engine) as rows:
        _known(queries.conversation(rows, call.id))
        found = queries.messages(rows, call.id, after, min(call.query.limit, MOST_ON_PAGE))
    return MessagePage(messages=tuple(as_stored(body) for _, body in found), next=found[-1][0] if found else after)


def read(call: Call) -> ConversationAnswer:
    done = seen(call, ReadConversation(conversation_id=call.id, up_to=call.body.up_to))
    return _answer(call, done.conversation)


def emergency(call: Call) -> ConversationAnswer:
    ordered(call, RaiseEmergency(conversation_id=call.id, why=call.body.why))
    return get(call)


@dataclass(frozen=True)
class Change:
    conversation_id: str
    values: ConversationChange
    trace: str | None = field(default_factory=trace_in_hand)


def patch(call: Call) -> ConversationAnswer:
    result = call.hub.writer.submit(change, Change(call.id, call.body)).result()
    if isinstance(result, Problem):
        raise result
    return _answer(call, result)


def change(transaction: Transaction, changes: Sequence[Change]) -> list[Conversation | Problem]:
    """Changes each conversation, and says so once; what already reads so is no change."""
    cases = Cases(transaction)
    results: list[Conversation | Problem] = []
    for wanted in changes:
        try:
            with transaction.tracing(wanted.trace):
                results.append(_change(cases, transaction, wanted))
        except Problem as problem:
            results.append(problem)
    cases.save()
    return results


def _change(cases: Cases, transaction: Transaction, wanted: Change) -> Conversation:
    try:
        case = cases.get(wanted.conversation_id)
    except KeyError:
        raise not_found("conversation") from None
    values = _columns(case, wanted.values)
    if "state" in values:
        closes = values["state"] == ConversationState.CLOSED
        if case.state == ConversationState.CLOSED:
            _may_open(cases, case)
        values["closed_at"] = transaction.now_us if closes else None
    if values:
        cases.change(case, **values)
    return case.model()


def _columns(case: Case, values: ConversationChange) -> dict[str, Any]:
    """The columns that would read otherwise."""
    given = {name: value for name in values.__struct_fields__ if (value := getattr(values, name)) is not msgspec.UNSET}
    if "labels" in given:
        given["labels"] = msgspec.json.encode(list(dict.fromkeys(given["labels"]))).decode()
    return {name: value for name, value in given.items() if getattr(case, name) != value}


def _may_open(cases: Cases, case: Case) -> None:
    if case.merged_into is not None:
        raise Problem(409, Code.CONFLICT, f"the conversation was merged into {case.merged_into}")
    other = cases.shared(case.sharing_key)
    if other is not None and other is not case:
        raise Problem(409, Code.CONFLICT, f"conversation {other.id} is the open one in its place")


def _answer(call: Call, found: Conversation) -> ConversationAnswer:
    with queries.snapshot(call.hub.engine) as rows:
        return ConversationAnswer(conversation=found, participants=queries.participants(rows, found.id))


def _known(conversation: Conversation | None) -> Conversation:
    if conversation is None:
        raise not_found("conversation")
    return conversation
