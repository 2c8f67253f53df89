from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.errors import ErrorCode
from normalizer.model import ConsentState, Purpose, Visibility
from normalizer.reply_channel import Chosen, NoRoute, RouteFacts, Wish, choose

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def ago(minutes):
    return NOW - timedelta(minutes=minutes)


def route(name, channel="sms", **given):
    return RouteFacts(id=name, connector_id=f"{channel}-1", channel=channel, **given)


def wish(**given):
    return Wish(**{"private": True, **given})


def test_the_last_inbound_route_answers():
    routes = [route("old", last_inbound_at=ago(60)), route("new", "email", last_inbound_at=ago(1))]
    assert choose(wish(), routes, NOW) == Chosen(route_id="new", why="last inbound route")


def test_a_named_route_goes_before_all():
    routes = [route("a", last_inbound_at=ago(1)), route("b")]
    assert choose(wish(route_id="b"), routes, NOW) == Chosen(route_id="b", why="named route")


def test_a_named_channel_goes_before_the_last_inbound_route():
    routes = [route("a", last_inbound_at=ago(1)), route("b", "email", last_inbound_at=ago(9)), route("c", "email")]
    assert choose(wish(channel="email"), routes, NOW) == Chosen(route_id="b", why="named channel, last inbound route")


def test_the_route_of_the_message_answered_goes_before_the_last_inbound_route():
    routes = [route("a", last_inbound_at=ago(1)), route("b", last_inbound_at=ago(9))]
    assert choose(wish(reply_to_route_id="b"), routes, NOW) == Chosen(route_id="b", why="route of the message answered")


def test_where_nobody_wrote_yet_the_contacts_preference_decides():
    routes = [route("a", inbox_rank=0), route("b", inbox_rank=1, preference_rank=1), route("c", preference_rank=0)]
    assert choose(wish(), routes, NOW) == Chosen(route_id="c", why="the contact's preference")


def test_at_last_the_inboxs_order_decides():
    routes = [route("a", inbox_rank=2), route("b", inbox_rank=1)]
    assert choose(wish(), routes, NOW) == Chosen(route_id="b", why="inbox order")


def test_of_routes_nobody_wrote_on_the_newest_is_used() -> None:
    routes = [route("1", inbox_rank=1), route("3", inbox_rank=1), route("2", inbox_rank=1), route("4", inbox_rank=2)]
    assert choose(wish(), routes, NOW) == Chosen(route_id="3", why="inbox order")


def test_an_excluded_route_leaves_its_place_to_the_next():
    routes = [route("a", last_inbound_at=ago(1), healthy=False), route("b", last_inbound_at=ago(9))]
    assert choose(wish(reply_to_route_id="a"), routes, NOW) == Chosen(route_id="b", why="last inbound route")


@pytest.mark.parametrize(
    ("given", "asked", "code", "detail"),
    [
        ({"blocked": True}, {}, ErrorCode.OPTED_OUT, "the person opted out"),
        ({"consent": ConsentState.OPTED_OUT}, {}, ErrorCode.OPTED_OUT, "the person opted out"),
        ({}, {"purpose": Purpose.MARKETING}, ErrorCode.NOT_OPTED_IN, "marketing needs consent"),
        ({"healthy": False}, {}, ErrorCode.PROVIDER_DOWN, "the connector is down"),
        (
            {"window_until": NOW},
            {},
            ErrorCode.WINDOW_CLOSED,
            "the window is closed and there is no template",
        ),
        (
            {"visibility": Visibility.PUBLIC},
            {},
            ErrorCode.PRIVATE_ON_PUBLIC,
            "a private message cannot leave in public",
        ),
    ],
)
def test_the_one_reason_that_excludes_is_the_error(given, asked, code, detail):
    assert choose(wish(**asked), [route("a", **given)], NOW) == NoRoute(
        code=code, detail=detail, excluded=(("a", code),)
    )


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"consent": ConsentState.OPTED_IN}, {"purpose": Purpose.MARKETING}),
        ({"window_until": ago(1)}, {"has_template": True}),
        ({"window_until": NOW + timedelta(seconds=1)}, {}),
        ({"visibility": Visibility.PUBLIC}, {"private": False}),
    ],
)
def test_what_lifts_a_reason(given, asked):
    assert choose(wish(**asked), [route("a", **given)], NOW) == Chosen(route_id="a", why="inbox order")


def test_several_reasons_are_no_route_and_each_is_told():
    routes = [route("a", blocked=True), route("b", "email", healthy=False)]
    assert choose(wish(), routes, NOW) == NoRoute(
        code=ErrorCode.NO_ROUTE,
        detail="the person opted out; the connector is down",
        excluded=(("a", ErrorCode.OPTED_OUT), ("b", ErrorCode.PROVIDER_DOWN)),
    )


def test_a_named_route_that_cannot_be_used_is_never_replaced():
    routes = [route("a", blocked=True), route("b", "email", last_inbound_at=ago(1))]
    assert choose(wish(route_id="a"), routes, NOW) == NoRoute(
        code=ErrorCode.OPTED_OUT, detail="the person opted out", excluded=(("a", ErrorCode.OPTED_OUT),)
    )


def test_opting_out_shuts_every_route_of_the_channel():
    routes = [route("a", consent=ConsentState.OPTED_OUT), route("b", last_inbound_at=ago(1))]
    assert choose(wish(), routes, NOW) == NoRoute(
        code=ErrorCode.OPTED_OUT,
        detail="the person opted out",
        excluded=(("a", ErrorCode.OPTED_OUT), ("b", ErrorCode.OPTED_OUT)),
    )


def test_without_routes_there_is_none():
    assert choose(wish(), [], NOW) == NoRoute(code=ErrorCode.NO_ROUTE, detail="no route leads to this person")
    assert choose(wish(channel="fax"), [route("a")], NOW) == NoRoute(
        code=ErrorCode.NO_ROUTE, detail="no route as named leads to this person"
    )


TIMES = st.none() | st.integers(-100, 100).map(ago)
IDS = st.sampled_from(["r0", "r1", "r2"])
CHANNELS = st.sampled_from(["sms", "email"])
WISHES = st.builds(
    Wish,
    route_id=st.none() | IDS,
    channel=st.none() | CHANNELS,
    reply_to_route_id=st.none() | IDS,
    purpose=st.sampled_from(Purpose),
    private=st.booleans(),
    has_template=st.booleans(),
)
FACTS = st.builds(
    RouteFacts,
    id=IDS,
    connector_id=st.just("k"),
    channel=CHANNELS,
    last_inbound_at=TIMES,
    blocked=st.booleans(),
    healthy=st.booleans(),
    consent=st.none() | st.sampled_from(ConsentState),
    window_until=TIMES,
    visibility=st.sampled_from(Visibility),
    preference_rank=st.none() | st.integers(0, 2),
    inbox_rank=st.integers(0, 2),
)


@given(WISHES, st.lists(FACTS, max_size=3, unique_by=lambda facts: facts.id))
def test_an_excluded_route_is_never_chosen_and_a_usable_one_never_missed(asked, routes):
    shut = {r.channel for r in routes if r.consent is ConsentState.OPTED_OUT}
    usable = {
        r.id
        for r in routes
        if asked.route_id in (None, r.id)
        and asked.channel in (None, r.channel)
        and not r.blocked
        and r.channel not in shut
        and r.healthy
        and (asked.purpose is not Purpose.MARKETING or r.consent is ConsentState.OPTED_IN)
        and (asked.has_template or r.window_until is None or r.window_until > NOW)
        and not (asked.private and r.visibility is Visibility.PUBLIC)
    }
    match choose(asked, routes, NOW):
        case Chosen(route_id=chosen):
            assert chosen in usable
        case NoRoute():
            assert not usable


@given(WISHES, st.lists(FACTS, max_size=3, unique_by=lambda facts: facts.id))
def test_the_choice_does_not_depend_on_the_order_the_routes_came_in(asked, routes):
    forth, back = choose(asked, routes, NOW), choose(asked, routes[::-1], NOW)
    assert forth == back or (isinstance(forth, NoRoute) and isinstance(back, NoRoute) and forth.code == back.code)
