"""One request of Twilio's to what the hub records. Pure.

Source: twilio.com/docs/voice/twiml, /docs/voice/api/recording, twilio.com/docs/voice/api/call-resource#statuscallback
(read 2026-11).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from connectors.channels.twilio_voice.asked import CONTEXT, REPORTS, Asked, On, number, read
from connectors.channels.twilio_voice.claims import KNOWN, claims_of
from connectors.channels.twilio_voice.config import Config
from connectors.channels.twilio_voice.flow import Turn, agent_at, takes_callers, turn
from connectors.channels.twilio_voice.people import CLIENT, peer
from connectors.channels.twilio_voice.statuses import CALL, DELIVERY, ERROR, OVER
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request
from normalizer.context import Context, Said
from normalizer.inbound import CallChanged, CallState, Ignored, Inbound, Media, Peer, StatusChanged, Unreadable
from normalizer.model import Direction
from normalizer.parts import CallStatus, MediaKind
from normalizer.status import Status

TOKEN: Final = "token"  # noqa: S105 - names the query's field that carries an outbound's token
CONVERSATION, OURS = "call", "ours"
"""What a recording is of, in the address for reports on it, if not of a voicemail: a caller's conversation, or a call
that we made."""
LEFT: Final = "left:"
"""How the key begins of what is told where an agent leaves a room; the call's SID follows."""
LONGEST_NAME: Final = 128
LONGEST: Final = 500
"""Characters of a word of context."""
MOST_TRANSCRIPT: Final = 20_000
MP3: Final = ".mp3"


def parse(request: Request, config: Config) -> list[Inbound]:
    """What a request says. Raises BadPayload where not even the call's SID can be read."""
    asked = read(request)
    call = asked.call
    try:
        if asked.on in REPORTS:
            return REPORTED[asked.on](asked, config)
        return _course(asked, config)
    except BadPayload as error:
        key = f"unreadable:{call}:{asked.on}:{asked.turn}:{asked.fields.get('CallStatus', '')[:32]}"
        return [Unreadable(key=key, slice=request.body, reason=error.detail)]


def listed(fields: Mapping[str, str], began: datetime, config: Config) -> list[Inbound]:
    """A call that is over, of the list: what its reports told, or would have."""
    asked = Asked(On.STATUS, fields, {}, "", began)
    try:
        told = _status(asked, config)
        if any(isinstance(each, CallChanged) for each in told):
            first = msgspec.structs.replace(_changed(asked, "started", CallState.STARTED), occurred_at=began)
            return [first, *told]
        return told
    except BadPayload as error:
        key = f"unreadable:{fields.get('CallSid', '')[:64]}:{On.STATUS}"
        return [Unreadable(key=key, slice=urlencode(fields).encode(), reason=error.detail)]


def _course(asked: Asked, config: Config) -> list[Inbound]:
    """Of a request the caller waits for. Each says again that the call began, lest that be lost."""
    taken = turn(asked, config)
    if asked.on is On.WAIT:
        return [Ignored(key=f"wait:{asked.call}", reason="waits in the queue")]
    if asked.on is On.CALL and taken.agent is not None:
        return [Ignored(key=f"agent:{asked.call}", reason="an agent takes a caller from the queue, or joins one")]
    if asked.on is On.BRIDGE and not asked.caller:
        return [Ignored(key=f"bridge:{asked.call}", reason="the queue tells the end of it too")]
    first = asked.on is On.CALL
    began = _changed(
        asked,
        "started",
        CallState.STARTED,
        peer=_known(asked, config),
        status=taken.status if first else None,
        context=_context(asked) if first else None,
    )
    recording = _recording(asked, CallStatus.VOICEMAIL) if asked.on is On.RECORD else []
    return [began, *_moved(asked, taken, first), *recording]


def _known(asked: Asked, config: Config) -> Peer:
    """The caller, with what the app's server vouches for."""
    known = asked.fields.get(KNOWN)
    if known is None or asked.peer.contact_ref is None:
        return asked.peer
    claims = claims_of(config.auth_token, asked.peer.contact_ref, known)
    return msgspec.structs.replace(asked.peer, claims=claims)


def _moved(asked: Asked, taken: Turn, first: bool) -> list[Inbound]:
    if first or (taken.status is None and taken.choice is None):
        return []
    of = f"turn:{asked.turn}:{asked.on}"
    return [
        _changed(
            asked, of, CallState.UPDATED, status=taken.status, choice=taken.choice, answered_by=taken.agent or None
        )
    ]


def _changed(asked: Asked, of: str, state: CallState, **more: Any) -> CallChanged:
    told = {"peer": asked.peer, "occurred_at": asked.told_at, **more}
    return CallChanged(key=f"call:{asked.call}:{of}", external_id=asked.call, state=state, **told)


def _context(asked: Asked) -> Context | None:
    """What an app's call carries; its user's device said it, and nobody vouches for it."""
    if not asked.caller.startswith(f"{CLIENT}:"):
        return None
    said = {name: Said(value=asked.fields[name][:LONGEST]) for name in CONTEXT if asked.fields.get(name)}
    return Context(**said) if said else None


# --- reports --------------------------------------------------------------------------------------------------------


def _leg(asked: Asked, config: Config) -> list[Inbound]:
    """Somebody of those it rings at has answered."""
    if asked.fields.get("CallStatus") not in ("in-progress", "answered"):
        return [Ignored(key=f"leg:{asked.fields.get('CallSid', '')[:64]}", reason="a leg of the call")]
    called = asked.fields.get("To", "")[:300]
    by = agent_at(called, config) or called or None
    return [_changed(asked, "answered", CallState.UPDATED, status=CallStatus.ANSWERED, answered_by=by)]


def _present(asked: Asked, _config: Config) -> list[Inbound]:
    """Who has a label is an agent; the caller, whose room it is, has none."""
    who, agent = asked.fields.get("CallSid", "")[:64], asked.fields.get("ParticipantLabel", "")
    told = asked.fields.get("StatusCallbackEvent", "")
    if agent and told == "participant-join":
        return [
            _changed(
                asked, f"joined:{who}", CallState.UPDATED, status=CallStatus.ANSWERED, answered_by=agent[:LONGEST_NAME]
            )
        ]
    if agent and told == "participant-leave":
        return [Ignored(key=f"{LEFT}{asked.call}:{who}", reason="an agent left the caller's room")]
    return [Ignored(key=f"room:{asked.call}:{told[:32]}:{who}", reason="the caller's own way into the room, or out")]


def _recorded(asked: Asked, _config: Config) -> list[Inbound]:
    of = asked.query.get("of")
    is_voicemail = of not in (CONVERSATION, OURS)
    if asked.fields.get("RecordingStatus", "completed") != "completed":
        sid = asked.fields.get("RecordingSid", "")[:64]
        if not is_voicemail:
            return [Ignored(key=f"recording:{asked.call}:{sid}:none", reason="there is no recording")]
        return [_changed(asked, f"recording:{sid}:none", CallState.UPDATED, status=CallStatus.VOICEMAIL)]
    found = _recording(asked, CallStatus.VOICEMAIL if is_voicemail else None)
    if not found:
        raise BadPayload("no RecordingUrl")
    # It may be heard of before anything else of the call.
    return [msgspec.structs.replace(each, direction=Direction.OUT) for each in found] if of == OURS else [*found]


def _recording(asked: Asked, status: CallStatus | None) -> list[CallChanged]:
    """The file, which may be told of twice; nothing where nothing was recorded."""
    url, sid = asked.fields.get("RecordingUrl", ""), asked.fields.get("RecordingSid", "")
    if not url:
        return []
    sid = sid or url.rpartition("/")[2]
    seconds = number(asked.fields.get("RecordingDuration"))
    file = Media(
        source=url + MP3,
        kind=MediaKind.VOICE,
        media_type="audio/mpeg",
        name=f"{sid[:64]}{MP3}",
        duration=float(seconds) if seconds is not None else None,
    )
    return [_changed(asked, f"recording:{sid[:64]}", CallState.UPDATED, status=status, recording=file)]


def _transcribed(asked: Asked, _config: Config) -> list[Inbound]:
    sid = asked.fields.get("TranscriptionSid") or asked.fields.get("RecordingSid") or ""
    text = asked.fields.get("TranscriptionText", "").strip()[:MOST_TRANSCRIPT]
    if asked.fields.get("TranscriptionStatus", "completed") != "completed" or not text:
        return [Ignored(key=f"transcript:{asked.call}:{sid[:64]}", reason="it could not be transcribed")]
    return [_changed(asked, f"transcript:{sid[:64]}", CallState.UPDATED, status=CallStatus.VOICEMAIL, transcript=text)]


def _status(asked: Asked, config: Config) -> list[Inbound]:
    """Callbacks overtake each other: `SequenceNumber` orders them."""
    said = asked.fields.get("CallStatus", "")
    if said not in CALL:
        raise BadPayload("a status of a call we do not know")
    if asked.fields.get("ParentCallSid"):
        return [Ignored(key=f"leg:{asked.call}:{said}", reason="a leg of another call")]
    if asked.fields.get("Direction", "inbound").startswith("outbound"):
        return _outgoing(asked, said)
    if agent_at(asked.caller, config) is not None and takes_callers(config):
        return [Ignored(key=f"agent:{asked.call}:{said}", reason="an agent's own call")]
    if said not in OVER:
        return [_changed(asked, "started", CallState.STARTED)]
    status = None if said == "completed" else CALL[said]
    seconds = number(asked.fields.get("CallDuration"))
    duration = float(seconds) if seconds is not None else None
    return [_changed(asked, "ended", CallState.ENDED, status=status, duration=duration)]


def _outgoing(asked: Asked, said: str) -> list[Inbound]:
    order = number(asked.fields.get("SequenceNumber"))
    over, seconds = said in OVER, number(asked.fields.get("CallDuration"))
    whom = peer(asked.fields.get("To", ""), asked.call)
    changed = CallChanged(
        key=f"call:{asked.call}:{'ended' if over else f'status:{said}'}",
        external_id=asked.call,
        peer=whom,
        direction=Direction.OUT,
        state=CallState.ENDED if over else CallState.UPDATED,
        status=CALL[said],
        order=order,
        duration=float(seconds) if over and seconds is not None else None,
        occurred_at=asked.told_at,
    )
    status = DELIVERY[said]
    told = StatusChanged(
        key=f"status:{asked.call}:{said}",
        external_id=asked.call,
        token=asked.query.get(TOKEN),
        status=status,
        error_code=ERROR[said] if status is Status.FAILED else None,
        provider_code=said if status is Status.FAILED else None,
        occurred_at=asked.told_at,
    )
    return [told, changed]


REPORTED: Final[Mapping[On, Callable[[Asked, Config], list[Inbound]]]] = {
    On.LEG: _leg,
    On.PRESENT: _present,
    On.RECORDING: _recorded,
    On.TRANSCRIPT: _transcribed,
    On.STATUS: _status,
}
