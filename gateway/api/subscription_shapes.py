"""What the API takes and gives about subscriptions."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from gateway.api.shapes import Given, Strict
from gateway.keys import Scope
from gateway.relay.looking import ParkedInfo, ReplayInfo, SubscriptionInfo
from gateway.settings.loading import NAME
from gateway.settings.subscribing import LONGEST_TIMEOUT, MOST_AT_ONCE, MOST_RETRIES, MOST_URL, RETRIES

Position = Annotated[str, Meta(max_length=20, description="A decimal number, as `next` and `position` give it.")]
Names = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(max_length=100)]
Url = Annotated[str, Meta(max_length=MOST_URL)]
SigningSecret = Annotated[str, Meta(max_length=200)]
Commands = bool | Annotated[tuple[Scope, ...], Meta(max_length=len(Scope))]
Timeout = Annotated[float, Meta(gt=0, le=LONGEST_TIMEOUT)]
AtOnce = Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)]
Partition = Annotated[str, Meta(max_length=255)]
Pause = Annotated[float, Meta(ge=0, le=3650 * 86_400)]
Retries = Annotated[tuple[Pause, ...], Meta(max_length=MOST_RETRIES)]


class NewSubscription(Strict, frozen=True, kw_only=True):
    """`queue: true`, or a `webhook`. Times are in seconds."""

    name: Annotated[str, Meta(pattern=f"^{NAME.pattern}$")]
    queue: bool = False
    webhook: Url | None = None
    secret: SigningSecret | None = None
    """Of a webhook: `whsec_` and base64; absent: one is made, and told in the answer this once."""
    types: Names = ()
    """Short names or patterns of event types; none is all."""
    connectors: Names = ()
    channels: Names = ()
    inboxes: Names = ()
    commands: Commands = False
    start: Literal["newest", "oldest"] = "newest"
    timeout: Timeout = 15.0
    at_once: AtOnce = 32
    retries: Retries = RETRIES
    park_after: Pause = 86_400.0
    cursor_every: Pause = 60.0


class SubscriptionChange(Strict, frozen=True, kw_only=True):
    """What is absent stays as it is."""

    state: Literal["active", "paused"] | UnsetType = UNSET
    """`active` also ends what parked or disabled it."""
    position: Position | UnsetType = UNSET
    """Goes on after it; also `newest` or `oldest`."""
    queue: bool | UnsetType = UNSET
    webhook: Url | UnsetType | None = UNSET
    secret: SigningSecret | UnsetType | None = UNSET
    """The one before signs too, until `previous_secret` is set to null."""
    previous_secret: SigningSecret | UnsetType | None = UNSET
    types: Names | UnsetType = UNSET
    connectors: Names | UnsetType = UNSET
    channels: Names | UnsetType = UNSET
    inboxes: Names | UnsetType = UNSET
    commands: Commands | UnsetType = UNSET
    timeout: Timeout | UnsetType = UNSET
    at_once: AtOnce | UnsetType = UNSET
    retries: Retries | UnsetType = UNSET
    park_after: Pause | UnsetType = UNSET
    cursor_every: Pause | UnsetType = UNSET


class ResumeParked(Strict, frozen=True, kw_only=True):
    partition: Partition | None = None
    """Which conversation; absent: all that wait."""


class SkipParked(Strict, frozen=True, kw_only=True):
    partition: Partition
    position: Position
    """Of the event to give up: the first one that waits there."""


class NewReplay(Strict, frozen=True, kw_only=True):
    after: Position
    """Begins after it; `0` with the first event there ever was, where it is kept."""
    until: Position | None = None
    """The last to send; absent: the newest there is now."""
    types: Names = ()
    """Only these of the subscription's; none is all."""


class SubscriptionAnswer(Given, frozen=True, kw_only=True):
    subscription: SubscriptionInfo


class SubscriptionMade(Given, frozen=True, kw_only=True):
    subscription: SubscriptionInfo
    secret: str | None
    """The webhook's, where one was made; it is told this once."""


class SubscriptionList(Given, frozen=True, kw_only=True):
    subscriptions: tuple[SubscriptionInfo, ...]


class ParkedPage(Given, frozen=True, kw_only=True):
    parked: tuple[ParkedInfo, ...]
    next: str | None


class ResumedAnswer(Given, frozen=True, kw_only=True):
    resumed: int
    """Conversations."""


class SubscriptionReplayAnswer(Given, frozen=True, kw_only=True):
    replay: ReplayInfo


class ReplayList(Given, frozen=True, kw_only=True):
    replays: tuple[ReplayInfo, ...]
    """Newest first, a hundred at most."""
