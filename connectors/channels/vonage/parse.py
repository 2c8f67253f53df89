"""One webhook to what the hub records. Pure; what is not understood is said, never passed over in silence."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from connectors.channels.vonage.channels import CHANNELS
from connectors.channels.vonage.config import Config
from connectors.channels.vonage.consent import consent
from connectors.channels.vonage.content import content
from connectors.channels.vonage.event import NAMED, REPORTED, SAID, Named, Said
from connectors.channels.vonage.people import peer
from connectors.channels.vonage.refusals import code_of, row_of
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode
from normalizer.errors import ErrorCode
from normalizer.inbound import (
    ConsentChanged,
    Ignored,
    Inbound,
    MessageReceived,
    Peer,
    ReactionChanged,
    StatusChanged,
    Unreadable,
)
from normalizer.status import Status

STATUS: Final[Mapping[str, Status]] = {
    "submitted": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "rejected": Status.FAILED,
    "undeliverable": Status.FAILED,
}
UNTOLD: Final[Mapping[str, ErrorCode]] = {"undeliverable": ErrorCode.PROVIDER_DOWN}
"""What a failure is called where Vonage gives no reason that we know: `undeliverable` never reached the channel."""


def parse(body: bytes, config: Config) -> list[Inbound]:
    """What one webhook says. Raises BadPayload where not even its name, channel and time can be read."""
    named = decode(body, NAMED)
    key = f"raw:{sha256(body).hexdigest()}"
    try:
        if named.channel != config.channel:
            raise BadPayload(f"of the channel {named.channel[:64]}; this connector is {config.channel}")
        if named.status is not None:
            return [_report(named, body)]
        if named.message_type == "reaction":
            return [_reaction(named, body, config)]
        if named.message_type is not None:
            return _message(named, named.message_type, body, config)
    except BadPayload as error:
        return [Unreadable(key=key, slice=body, reason=error.detail)]
    return [Unreadable(key=key, slice=body, reason="neither a message nor a report")]


def _message(named: Named, kind: str, body: bytes, config: Config) -> list[Inbound]:
    said = decode(body, SAID)
    text, parts, media = content(kind, said, body)
    who = _peer(said, config)
    received = MessageReceived(
        key=f"message:{named.message_uuid}",
        external_id=named.message_uuid,
        peer=who,
        text=text,
        parts=parts,
        media=media,
        reply_to=said.context.message_uuid if said.context is not None else None,
        occurred_at=named.timestamp,
    )
    decided = consent(config, said.text or "") if kind == "text" else None
    if decided is None:
        return [received]
    state, source = decided
    at = named.timestamp
    return [
        received,
        ConsentChanged(key=f"consent:{named.message_uuid}", peer=who, state=state, source=source, occurred_at=at),
    ]


def _reaction(named: Named, body: bytes, config: Config) -> Inbound:
    said = decode(body, SAID)
    told, context = said.reaction, said.context
    key = f"reaction:{named.message_uuid}"
    if told is None or context is None or context.message_uuid is None:
        raise BadPayload("a reaction to nothing")
    if told.emoji is None:
        return Ignored(key=key, reason="a reaction was taken back, and Vonage does not say which")
    taken_back = told.action == "unreact"
    return ReactionChanged(
        key=key,
        external_id=context.message_uuid,
        author=_peer(said, config).person,
        added=() if taken_back else (told.emoji,),
        removed=(told.emoji,) if taken_back else (),
        occurred_at=named.timestamp,
    )


def _report(named: Named, body: bytes) -> Inbound:
    word = named.status or ""
    if word not in STATUS:
        raise BadPayload(f"a status we do not know: {word[:64]}")
    told, status = decode(body, REPORTED), STATUS[word]
    failed = status is Status.FAILED
    code = code_of(told.error) if failed and told.error is not None else None
    found = row_of(code).code if code else ErrorCode.UNKNOWN
    return StatusChanged(
        key=f"status:{named.message_uuid}:{word}",
        external_id=named.message_uuid,
        token=told.client_ref or None,
        status=status,
        error_code=(UNTOLD.get(word, found) if found is ErrorCode.UNKNOWN else found) if failed else None,
        provider_code=code,
        occurred_at=named.timestamp,
    )


def _peer(said: Said, config: Config) -> Peer:
    name = said.profile.name if said.profile is not None else None
    return peer(said.sender, CHANNELS[config.channel].scheme, name)
