from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.belonging import Candidate, Existing, Facts, New, belongs, sharing_key
from normalizer.model import ConversationKind, ConversationState, Sharing

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = 86_400


def opened(name, *, own=True):
    return Candidate(conversation_id=name, state=ConversationState.OPEN, by_route_identity=own)


def closed(name, ago, *, own=True):
    at = None if ago is None else NOW - timedelta(seconds=ago)
    return Candidate(conversation_id=name, state=ConversationState.CLOSED, closed_at=at, by_route_identity=own)


def facts(**given):
    return Facts(**{"sharing": Sharing.CONTACT, "reopen_within": DAY, **given})


def existing(name, why, *, reopens=False):
    return Existing(conversation_id=name, reopens=reopens, why=why)


def test_the_order_is_thread_quotation_route_sharing_key():
    found = {name: opened(name) for name in ("thread", "quoted", "current", "shared")}
    whys = {}
    while found:
        where = belongs(facts(**found), NOW)
        whys[where.conversation_id] = where.why
        del found[where.conversation_id]
    assert whys == {
        "thread": "reply token or thread",
        "quoted": "quoted message",
        "current": "the route's current conversation",
        "shared": "open conversation of the contact",
    }


def test_nothing_to_continue_opens_a_new_one():
    assert belongs(facts(), NOW) == New(why="nothing open to continue")


def test_somebody_elses_thread_or_quotation_is_not_joined():
    stolen = facts(thread=opened("thread", own=False), quoted=opened("quoted", own=False), shared=opened("shared"))
    assert belongs(stolen, NOW) == existing("shared", "open conversation of the contact")


def test_a_recently_closed_case_reopens():
    assert belongs(facts(current=closed("c", DAY)), NOW) == existing(
        "c", "the route's current conversation", reopens=True
    )


@pytest.mark.parametrize("candidate", [closed("c", DAY + 1), closed("c", None)])
def test_a_case_closed_too_long_ago_stays_closed(candidate):
    assert belongs(facts(current=candidate), NOW) == New(why="nothing open to continue")


@pytest.mark.parametrize("ago", [-5, 0, 5])
def test_an_inbox_that_never_reopens_never_does(ago):
    assert belongs(facts(reopen_within=0, current=closed("c", ago)), NOW) == New(why="nothing open to continue")


def test_a_closed_case_is_not_reopened_beside_an_open_one_of_the_same_key():
    both = facts(quoted=closed("old", 5), shared=opened("open"))
    assert belongs(both, NOW) == existing("open", "open conversation of the contact")


def test_a_closed_case_is_not_reopened_beside_the_routes_open_one():
    both = facts(quoted=closed("old", 5), current=opened("open"))
    assert belongs(both, NOW) == existing("open", "the route's current conversation")


def test_a_snoozed_conversation_wakes():
    snoozed = Candidate(conversation_id="c", state=ConversationState.SNOOZED)
    assert belongs(facts(current=snoozed), NOW) == existing("c", "the route's current conversation", reopens=True)


def test_a_group_belongs_by_its_route_alone():
    pointed = {"thread": opened("thread"), "quoted": opened("quoted"), "shared": opened("shared")}
    group = facts(kind=ConversationKind.GROUP, current=opened("group"), **pointed)
    assert belongs(group, NOW) == existing("group", "the route's current conversation")
    assert belongs(facts(kind=ConversationKind.GROUP, **pointed), NOW) == New(why="nothing open to continue")


CANDIDATES = st.none() | st.builds(
    Candidate,
    conversation_id=st.sampled_from(["a", "b"]),
    state=st.sampled_from(ConversationState),
    closed_at=st.none() | st.integers(-10, 200_000).map(lambda ago: NOW - timedelta(seconds=ago)),
    by_route_identity=st.booleans(),
)


@given(
    st.builds(
        Facts,
        sharing=st.sampled_from(Sharing),
        reopen_within=st.integers(0, 100_000),
        kind=st.sampled_from(ConversationKind),
        thread=CANDIDATES,
        quoted=CANDIDATES,
        current=CANDIDATES,
        shared=CANDIDATES,
    )
)
def test_a_message_never_joins_what_was_not_pointed_to_or_is_closed_for_good(asked):
    where = belongs(asked, NOW)
    if isinstance(where, New):
        return
    pointed = [c for c in (asked.thread, asked.quoted, asked.current, asked.shared) if c is not None]
    chosen = [c for c in pointed if c.conversation_id == where.conversation_id]
    assert chosen
    limit = timedelta(seconds=asked.reopen_within)
    assert any(
        c.state is not ConversationState.CLOSED or (c.closed_at is not None and NOW - c.closed_at <= limit)
        for c in chosen
    )


@pytest.mark.parametrize(
    ("sharing", "kind", "contact", "key"),
    [
        (Sharing.CONTACT, ConversationKind.PERSONAL, "c1", "main:contact:c1"),
        (Sharing.ADDRESS, ConversationKind.PERSONAL, "c1", "main:address:i1"),
        (Sharing.ROUTE, ConversationKind.PERSONAL, "c1", "main:route:r1"),
        (Sharing.CONTACT, ConversationKind.GROUP, "c1", "main:route:r1"),
        (Sharing.CONTACT, ConversationKind.PERSONAL, None, "main:route:r1"),
    ],
)
def test_the_sharing_key_names_what_shares_one_open_conversation(sharing, kind, contact, key):
    assert sharing_key(sharing, kind, "main", contact, "i1", "r1") == key
