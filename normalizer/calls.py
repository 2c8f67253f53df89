"""Calls: what stands of one, how it goes on, and the message that stands for it in the history. Pure.

A call goes forward only: what is told late does not take it back, and its end is final. What comes after the end is
what takes time: recordings and transcripts.
"""

from datetime import datetime

import msgspec

from normalizer.context import Context
from normalizer.inbound import CallChanged, CallState
from normalizer.model import Direction, Time, Value
from normalizer.parts import CallPart, CallStatus, MediaPart

MOST_CHOICES = 20
"""Kept of what a caller chose; who goes round in a menu makes no call larger."""


class Call(Value, frozen=True, kw_only=True):
    id: str
    external_id: str
    """The provider's."""
    conversation_id: str
    """Where it began."""
    route_id: str
    direction: Direction
    status: CallStatus
    choices: tuple[str, ...] = ()
    """What the caller chose in menus, in order."""
    answered_by: str | None = None
    """Whom it was put through to, as the channel's configuration names them."""
    started_at: Time
    answered_at: Time | None = None
    """When somebody, and no menu, talked with the caller."""
    ended_at: Time | None = None
    duration: float | None = None
    """Seconds, from its beginning, menus and waiting included."""
    recordings: tuple[MediaPart, ...] = ()
    message_id: str | None = None
    """The message that stands for it: where it was missed, has a recording, or the caller asks for a call."""
    context: Context | None = None
    """Of a call out of an app: where it was made from."""


class Kept(Value, frozen=True, kw_only=True):
    """A call as the store keeps it."""

    call: Call
    order: int = -1
    """The provider's number of the newest status heard."""


STAYS = frozenset({CallStatus.VOICEMAIL, CallStatus.CALLBACK})
"""What a call nobody answered ends as, because its caller left something."""


def changed(kept: Kept, item: CallChanged) -> Kept:
    """The call after what was told; the same where it says nothing new. Files apart."""
    call = kept.call
    if call.ended_at is not None:
        if call.status is CallStatus.MISSED and item.recording is not None:  # it was no more than late
            return Kept(call=msgspec.structs.replace(call, status=CallStatus.VOICEMAIL), order=kept.order)
        return kept
    late = item.order is not None and item.order <= kept.order
    status = call.status if late or item.status is None else item.status
    if call.status in STAYS and status in (CallStatus.RINGING, CallStatus.CHOOSING):
        status = call.status
    answered_at = call.answered_at or (item.occurred_at if item.status is CallStatus.ANSWERED else None)
    choices = call.choices if item.choice is None else (*call.choices, item.choice)[-MOST_CHOICES:]
    ended_at = None
    if item.state is CallState.ENDED:
        ended_at = item.occurred_at
        status = _ended(call, item, answered_at)
    call = msgspec.structs.replace(
        call,
        status=status,
        choices=choices,
        answered_by=item.answered_by or call.answered_by,
        answered_at=answered_at,
        ended_at=ended_at,
        duration=_seconds(call, item, ended_at),
    )
    order = kept.order if late or item.order is None else item.order
    return Kept(call=call, order=order)


def _ended(call: Call, item: CallChanged, answered_at: datetime | None) -> CallStatus:
    said = item.status or CallStatus.COMPLETED
    if call.direction is Direction.OUT:
        return said
    if answered_at is not None:
        return CallStatus.COMPLETED
    if call.status in STAYS or said in STAYS:
        return call.status if call.status in STAYS else said
    return CallStatus.VOICEMAIL if call.recordings else CallStatus.MISSED


def _seconds(call: Call, item: CallChanged, ended_at: datetime | None) -> float | None:
    if ended_at is None:
        return call.duration
    if item.duration is not None:
        return item.duration
    return max(0.0, (ended_at - call.started_at).total_seconds())


def leaves_message(call: Call, item: CallChanged) -> bool:
    """Whether the history needs a message of it now."""
    if item.recording is not None or item.transcript:
        return True
    if call.status is CallStatus.CALLBACK:
        return True
    return call.ended_at is not None and call.status in (CallStatus.MISSED, CallStatus.VOICEMAIL)


def part(call: Call, transcript: str | None) -> CallPart:
    return CallPart(
        call_id=call.id,
        status=call.status,
        incoming=call.direction is Direction.IN,
        duration=call.duration,
        choices=call.choices,
        transcript=transcript,
    )


def worded(call: Call, recorded: float | None, has_recording: bool, transcript: str | None) -> str:
    """The message's text. `recorded` is how many seconds of recording there are, where that is known."""
    said = f": {transcript}" if transcript else ""
    length = f", {spoken(recorded)}" if recorded else ""
    match call.status:
        case CallStatus.MISSED:
            return "Missed call" + said
        case CallStatus.CALLBACK:
            return "Call-back request" + length + said
        case CallStatus.VOICEMAIL:
            return "Voicemail" + length + said if has_recording or transcript else "Voicemail without recording"
        case _:
            return "Call" + length + said


def spoken(seconds: float) -> str:
    """`12 s`, `3 min 12 s`."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
