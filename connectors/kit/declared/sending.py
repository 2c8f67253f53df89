"""One payload to one request, by a declaration, and what the answer means.

Raises the sending errors of `connectors.kit.errors`. Nothing that is raised or shown holds a setting.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from connectors.kit.base import Outbound, Sent
from connectors.kit.declared.access import Access, asked_with
from connectors.kit.declared.answers import Answers
from connectors.kit.declared.approved import Approved, Listed, Shelf
from connectors.kit.declared.asks import Carried, Templated
from connectors.kit.declared.carrying import values_of_files
from connectors.kit.declared.fields import optional
from connectors.kit.declared.language import Channel, Send
from connectors.kit.declared.paths import Path
from connectors.kit.declared.templates import APPROVED, VARIABLES
from connectors.kit.declared.wire import TOKEN, Wire
from connectors.kit.errors import BadPayload, OutcomeUnknown, Refused
from connectors.kit.http import Answer
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode
from normalizer.parts import TemplatePart
from normalizer.segments import EXPRESSIBLE


class Sending:
    """What a declaration makes of payloads. Raises ValueError where the declaration cannot work."""

    def __init__(self, channel: Channel) -> None:
        send, known = channel.send, (VARIABLES - {TOKEN}) | asked_with(channel)
        known |= APPROVED if send.template is not None else frozenset()
        self._send = send
        self._plain = Wire(send, known)
        self._carrying = Wire(_varied(send, send.media), known) if send.media is not None else self._plain
        self._by_template = Wire(_varied(send, send.template), known) if send.template is not None else self._plain
        self._approved = (
            Approved(channel, send.template, self._by_template.names) if send.template is not None else None
        )
        self._listed = Listed(channel, channel.templates) if channel.templates is not None else None
        self._answers = Answers(send, channel.errors)
        self._when = Path(send.success.when)
        self._id = Path(send.id) if send.id is not None else None

    async def send(self, access: Access, outbound: Outbound, webhook_url: str, shelf: Shelf) -> Sent:
        """Raises Refused, Temporary, Misconfigured, OptedOut, Unreachable, OutcomeUnknown."""
        part = outbound.payload.template
        template = await self._filled(access, outbound, part, shelf) if part is not None else {}
        words = values_of(outbound, access.settings, webhook_url)
        files = values_of_files(outbound, self._send.media)
        values = {**words, **files, **template, **self._written(outbound.payload.text or "")}
        wire = self._by_template if template else self._carrying if files else self._plain
        return self._sent(await access.ask(wire, values, code=self._answers.code), outbound)

    async def _filled(self, access: Access, outbound: Outbound, part: TemplatePart, shelf: Shelf) -> dict[str, Any]:
        """What a request may name of a template, which is held against the list before. Raises as `send`."""
        if self._approved is None:
            raise Refused(
                "this channel has no templates; send what it says as text", code=ErrorCode.CONTENT_UNSUPPORTED
            )
        self._approved.check(outbound, part)
        listed = self._listed
        if listed is None or (listed.setting is not None and not access.settings[listed.setting]):
            return self._approved.values(part, None)
        return self._approved.values(part, await listed.find(access, shelf, part, access.now()))

    def _written(self, text: str) -> dict[str, str | None]:
        """The text by its alphabet."""
        plain = EXPRESSIBLE.issuperset(text)
        words = self._send.encoding
        return {
            "gsm_text": text if plain else None,
            "other_text": None if plain else text,
            "encoding": words.gsm if plain else words.other,
        }

    def _sent(self, answer: Answer, outbound: Outbound) -> Sent:
        tree = self._answers.tree(answer)
        try:
            taken = tree is not None and answer.status in self._send.success.statuses and self._when.holds(tree)
            name = optional(self._id(tree), "the id") if taken and self._id is not None else outbound.token
        except BadPayload:
            raise _unreadable(answer) from None
        if taken and name is not None:
            return Sent((name,))
        if taken or (tree is None and answer.status in self._send.success.statuses):
            raise _unreadable(answer)
        raise self._answers.refusal(answer, tree, of_template=outbound.payload.template is not None)


def values_of(outbound: Outbound, settings: Mapping[str, Any], webhook_url: str) -> dict[str, Any]:
    """What templates may name besides files. Raises Refused for what a message cannot carry."""
    payload = outbound.payload
    if payload.location is not None or payload.contact_card is not None or payload.actions:
        raise Refused("this channel carries text and files only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.text and not payload.media and payload.template is None:
        raise Refused("a message without content", code=ErrorCode.CONTENT_UNSUPPORTED)
    return {
        **settings,
        "to": outbound.address.value,
        "text": payload.text or None,
        "token": outbound.token,
        "webhook_url": webhook_url or None,
        "message_id": outbound.message_id or None,
    }


def _varied(send: Send, different: Carried | Templated) -> Send:
    """The request as it is with files, or by a template."""
    parts = {name: getattr(different, name) for name in ("url", "query", "form", "json", "xml")}
    return msgspec.structs.replace(send, **{name: part for name, part in parts.items() if part is not None})


def revealed(config: msgspec.Struct) -> dict[str, Any]:
    """The settings as plain values, for templates and schemes only."""
    values = {name: getattr(config, name) for name in config.__struct_fields__}
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}


def _unreadable(answer: Answer) -> OutcomeUnknown:
    return OutcomeUnknown(
        "an answer that cannot be read", code=ErrorCode.PROVIDER_DOWN, provider_code=str(answer.status)
    )
