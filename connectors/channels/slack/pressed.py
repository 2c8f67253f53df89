"""Pressed buttons: interactive requests, a form whose field `payload` holds JSON.

Source: docs.slack.dev/reference/interaction-payloads/block_actions-payload (read 2026-11). They carry no id of their
own and are not repeated; user, message and time name a press.
"""

from hashlib import sha256
from typing import Final

from connectors.channels.slack import people
from connectors.channels.slack.events import ACTION, INTERACTION, Action, Interaction
from connectors.channels.slack.kinds import INTERACTIONS
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.inbound import Ignored, Inbound, MessageReceived, Unreadable
from normalizer.parts import ChoicePart

LINK: Final = "link-"
"""Before the `action_id` of a button that opens an address."""


def interaction(request: Request, *, channel_threads: bool) -> list[Inbound]:
    """What was pressed. Raises BadPayload where it cannot be read at all."""
    fields = dict(request.form)
    key = f"request:{sha256(request.body).hexdigest()}"
    if "command" in fields:
        return [Ignored(key=key, reason="slash commands are not served")]
    if "payload" not in fields:
        raise BadPayload("a form without a payload")
    told = decode(fields["payload"].encode("utf-8", "surrogatepass"), INTERACTION)
    if told.type in INTERACTIONS:
        return [Ignored(key=key, reason=INTERACTIONS[told.type])]
    if told.type != "block_actions":
        return [Unreadable(key=key, slice=request.body, reason=f"an interaction we do not know: {told.type[:64]}")]
    return [_each(told, bytes(raw), f"{key}:{n}", channel_threads) for n, raw in enumerate(told.actions)]


def _each(told: Interaction, raw: bytes, key: str, channel_threads: bool) -> Inbound:
    """One action; what is wrong with it harms no other."""
    try:
        return _pressed(told, decode(raw, ACTION), key, channel_threads)
    except BadPayload as error:
        return Unreadable(key=key, slice=raw, reason=error.detail)


def _pressed(told: Interaction, action: Action, key: str, channel_threads: bool) -> Inbound:
    user, place = told.user, told.container
    if user is None or place is None or place.channel_id is None or place.message_ts is None:
        return Ignored(key=key, reason="not pressed under a message")
    if action.action_id.startswith(LINK):
        return Ignored(key=key, reason="a link was opened")
    option = action.selected_option
    value = action.value if option is None else option.value
    if not value:
        raise BadPayload("an action without a value")
    label = (option.text.text if option is not None else action.text.text if action.text is not None else "") or None
    who = people.person(user.id, user.name, user.username)
    thread = people.thread_of(place.channel_id, place.message_ts, place.thread_ts, channel_threads)
    peer = people.peer(place.channel_id, who, thread)
    which = sha256(action.action_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    name = f"{people.ACTION}{place.channel_id}:{place.message_ts}:{user.id}:{action.action_ts}:{which}"
    return MessageReceived(
        key=name,
        external_id=name,
        peer=peer,
        author=None if peer.person == who else who,
        text=label or value,
        parts=(ChoicePart(value=value, label=label),),
        reply_to=people.external_id(place.channel_id, place.message_ts),
        occurred_at=people.moment(action.action_ts),
    )
