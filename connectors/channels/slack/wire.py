"""A payload as the arguments of a Web API method."""

from typing import Any

from connectors.channels.slack.blocks import blocks
from connectors.channels.slack.config import Config
from connectors.channels.slack.people import DIRECT, PERSON, TS, MessageName, message_name, place
from connectors.channels.slack.writing import escaped, written
from connectors.kit.base import Outbound, OutboundEdit
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.payload import Payload


def message(outbound: Outbound, config: Config) -> dict[str, Any]:
    """For chat.postMessage. Raises Refused, Unreachable."""
    payload = outbound.payload
    arguments: dict[str, Any] = {"channel": place(outbound.address), "text": _text(payload)}
    if not payload.spans:
        arguments["mrkdwn"] = False  # stars stay stars
    made = blocks(payload, outbound.files)
    if made:
        arguments["blocks"] = made
    if not config.unfurl:
        arguments |= {"unfurl_links": False, "unfurl_media": False}
    return {**arguments, **beneath(outbound)}


def update(outbound: OutboundEdit) -> dict[str, Any]:
    """For chat.update. Raises Refused."""
    name = named(outbound.external_id)
    if outbound.payload.media:
        raise Refused("files cannot be changed", code=ErrorCode.CONTENT_UNSUPPORTED)
    # Said even where there are none, so that no button of the message as it was stays behind.
    made = blocks(outbound.payload, outbound.files)
    return {"channel": name.channel, "ts": name.ts, "text": _text(outbound.payload), "blocks": made}


def shared(outbound: Outbound, files: list[dict[str, str]]) -> dict[str, Any]:
    """For files.completeUploadExternal, which takes a user's id only as one of several. Raises Unreachable."""
    whom = place(outbound.address)
    arguments: dict[str, Any] = {"files": files, "channels" if whom.startswith(PERSON) else "channel_id": whom}
    payload = outbound.payload
    if payload.text:
        arguments["initial_comment"] = written(payload.text, payload.spans)
    return {**arguments, **beneath(outbound)}


def named(external_id: str) -> MessageName:
    """The message an external id names. Raises Refused."""
    name = message_name(external_id)
    if name is None:
        raise Refused("not the name of a message", code=ErrorCode.CONTENT_UNSUPPORTED)
    return name


def beneath(outbound: Outbound) -> dict[str, str]:
    """The thread, else the message that is quoted: here to answer one is to begin its thread."""
    if outbound.thread is not None and TS.fullmatch(outbound.thread):
        return {"thread_ts": outbound.thread}
    if outbound.reply_to is None or not outbound.payload.quotes:
        return {}
    name, whom = message_name(outbound.reply_to), outbound.address.value
    if name is None or not (name.channel == whom or (name.channel.startswith(DIRECT) and whom.startswith(PERSON))):
        return {}
    return {"thread_ts": name.ts}


def _text(payload: Payload) -> str:
    """Beside cards, what notifications and screen readers say instead of them."""
    if payload.text or not payload.cards:
        return written(payload.text, payload.spans)
    return "\n".join(escaped(card.title) for card in payload.cards)
