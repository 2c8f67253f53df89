"""Which route a message leaves on, and why.

Named route or channel, then the route of the message answered, the last inbound route, the contact's preference, the
inbox's order; each only among routes that may be used. What was named is used or refused, never replaced.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from normalizer.errors import ErrorCode
from normalizer.model import ConsentState, Purpose, Time, Value, Visibility


class Wish(Value, frozen=True, kw_only=True):
    """What the sender asked for."""

    route_id: str | None = None
    channel: str | None = None
    reply_to_route_id: str | None = None
    """The route of the message it answers."""
    purpose: Purpose = Purpose.REPLY
    private: bool
    """Must not be read by others than the recipient."""
    has_template: bool = False
    """Carries a template the provider approved, so it may leave outside the route's window."""


class RouteFacts(Value, frozen=True, kw_only=True):
    id: str
    connector_id: str
    channel: str
    last_inbound_at: Time | None = None
    blocked: bool = False
    healthy: bool = True
    consent: ConsentState | None = None
    """For the wish's purpose on this channel."""
    window_until: Time | None = None
    """None: this channel has no window."""
    visibility: Visibility = Visibility.PRIVATE
    preference_rank: int | None = None
    """Place among the contact's preferred channels, smaller first; None when not among them."""
    inbox_rank: int = 0
    """Place in the inbox's order, smaller first."""


class Chosen(Value, frozen=True, kw_only=True):
    route_id: str
    why: str


class NoRoute(Value, frozen=True, kw_only=True):
    code: ErrorCode
    """The one reason that excluded every candidate, else `no_route`."""
    detail: str
    excluded: tuple[tuple[str, ErrorCode], ...] = ()
    """Route id and reason, in the order the routes were given."""


_Excludes = Callable[[Wish, RouteFacts, datetime], bool]

REASONS: tuple[tuple[ErrorCode, str, _Excludes], ...] = (
    (
        ErrorCode.OPTED_OUT,
        "the person opted out",
        lambda _wish, route, _at: route.blocked or route.consent is ConsentState.OPTED_OUT,
    ),
    (
        ErrorCode.NOT_OPTED_IN,
        "marketing needs consent",
        lambda wish, route, _at: wish.purpose is Purpose.MARKETING and route.consent is not ConsentState.OPTED_IN,
    ),
    (
        ErrorCode.PRIVATE_ON_PUBLIC,
        "a private message cannot leave in public",
        lambda wish, route, _at: wish.private and route.visibility is Visibility.PUBLIC,
    ),
    (
        ErrorCode.WINDOW_CLOSED,
        "the window is closed and there is no template",
        lambda wish, route, at: route.window_until is not None and route.window_until <= at and not wish.has_template,
    ),
    (ErrorCode.PROVIDER_DOWN, "the connector is down", lambda _wish, route, _at: not route.healthy),
)
"""Why a route cannot be used; the first that holds is told. What an operator cannot mend stands first."""

_DETAIL = {code: detail for code, detail, _ in REASONS}
_NEVER = datetime.min.replace(tzinfo=UTC)


def choose(wish: Wish, routes: Sequence[RouteFacts], at: datetime) -> Chosen | NoRoute:
    """The route for a message at `at` with a short sentence why, or what excluded each."""
    candidates = [route for route in routes if _meant(wish, route)]
    opted_out = {route.channel for route in routes if route.consent is ConsentState.OPTED_OUT}
    excluded: list[tuple[str, ErrorCode]] = []
    usable: list[RouteFacts] = []
    for route in candidates:
        reason = ErrorCode.OPTED_OUT if route.channel in opted_out else _reason(wish, route, at)
        if reason is None:
            usable.append(route)
        else:
            excluded.append((route.id, reason))
    return _preferred(wish, usable) if usable else _none(wish, tuple(excluded))


def _meant(wish: Wish, route: RouteFacts) -> bool:
    return wish.route_id in (None, route.id) and wish.channel in (None, route.channel)


def _reason(wish: Wish, route: RouteFacts, at: datetime) -> ErrorCode | None:
    return next((code for code, _, excludes in REASONS if excludes(wish, route, at)), None)


def _preferred(wish: Wish, usable: Sequence[RouteFacts]) -> Chosen:
    if wish.route_id is not None:
        return Chosen(route_id=wish.route_id, why="named route")
    newest = sorted(usable, key=lambda route: route.id, reverse=True)  # of two devices nobody writes on, the latest
    ordered = sorted(newest, key=lambda route: route.inbox_rank)
    answered = [route for route in ordered if route.id == wish.reply_to_route_id]
    heard = [route for route in ordered if route.last_inbound_at is not None]
    liked = [route for route in ordered if route.preference_rank is not None]
    if answered:
        found, why = answered[0], "route of the message answered"
    elif heard:
        found, why = max(heard, key=lambda route: route.last_inbound_at or _NEVER), "last inbound route"
    elif liked:
        found, why = min(liked, key=lambda route: route.preference_rank or 0), "the contact's preference"
    else:
        found, why = ordered[0], "inbox order"
    return Chosen(route_id=found.id, why=why if wish.channel is None else f"named channel, {why}")


def _none(wish: Wish, excluded: tuple[tuple[str, ErrorCode], ...]) -> NoRoute:
    reasons = list(dict.fromkeys(code for _, code in excluded))
    if not reasons:
        named = wish.route_id is not None or wish.channel is not None
        detail = "no route as named leads to this person" if named else "no route leads to this person"
        return NoRoute(code=ErrorCode.NO_ROUTE, detail=detail)
    code = reasons[0] if len(reasons) == 1 else ErrorCode.NO_ROUTE
    return NoRoute(code=code, detail="; ".join(_DETAIL[reason] for reason in reasons), excluded=excluded)
