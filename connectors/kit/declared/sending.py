"""One payload to one request, by a declaration, and what the answer means.

Raises the sending errors of `connectors.kit.errors`. Nothing that is raised or shown holds a setting.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from connectors.kit.base import Outbound, Sent
from connectors.kit.declared import xml_tree
from connectors.kit.declared.asks import Carried
from connectors.kit.declared.carrying import values_of_files
from connectors.kit.declared.fields import optional
from connectors.kit.declared.language import Channel, Send
from connectors.kit.declared.logins import Kept, Logins
from connectors.kit.declared.meanings import BY_STATUS, UNKNOWN, Codes, Meaning
from connectors.kit.declared.misworded import Misworded
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.declared.signers import signer
from connectors.kit.declared.templates import VARIABLES
from connectors.kit.declared.wire import Wire
from connectors.kit.errors import BadPayload, KitError, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer, Http
from connectors.kit.request import decode
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode
from normalizer.segments import EXPRESSIBLE

UNKNOWN_TO_LOGIN: Final = VARIABLES - {"webhook_url"}
"""What only a message has."""
LONGEST: Final = 300
"""Characters of a provider's words that are kept."""
MOST_TEXT: Final = 2000
"""Characters of an answer that a pattern looks at."""
_SECONDS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_ANY: Final = msgspec.json.Decoder(Any)


class Sending:
    """What a declaration makes of payloads. Raises ValueError where the declaration cannot work."""

    def __init__(self, channel: Channel) -> None:
        send, known = channel.send, VARIABLES | channel.settings.keys()
        self._send = send
        self._plain = Wire(send, known)
        self._carrying = Wire(_with_files(send, send.media), known) if send.media is not None else self._plain
        self._login = Logins(send.login, known - UNKNOWN_TO_LOGIN) if send.login is not None else None
        self.signer = signer(send.sign) if send.sign is not None else None
        self._pattern = _pattern(send)
        self._when = Path(send.success.when)
        self._id = Path(send.id) if send.id is not None else None
        self._codes_at, self._words_at = [
            [Path(each) for each in paths] for paths in (send.error.code, send.error.text)
        ]
        self._codes = Codes(channel.errors)

    async def send(
        self, http: Http, outbound: Outbound, settings: Mapping[str, Any], webhook_url: str, kept: Kept
    ) -> Sent:
        words, files = values_of(outbound, settings, webhook_url), values_of_files(outbound, self._send.media)
        values = {**words, **files, **self._written(outbound.payload.text or "")}
        wire = self._carrying if files else self._plain
        if self.signer is not None:
            return self._sent(await wire.signed(http, values, self.signer, kept.now()), outbound)
        if self._login is None:
            return self._sent(await wire.request(http, values), outbound)
        for _ in range(2):
            token, fresh = await self._login.token(http, settings, kept)
            answer = await wire.request(http, {**values, "access_token": token})
            if not self._ended(answer):
                return self._sent(answer, outbound)
            kept.forget()
            if fresh:
                break
        raise Misconfigured(
            "a new access token was refused; check the credentials and what they allow",
            code=ErrorCode.AUTH_FAILED,
            provider_code=str(answer.status),
        )

    def _ended(self, answer: Answer) -> bool:
        """Whether an answer refuses the access token."""
        code = _first(self._codes_at, self._tree(answer))
        return self._login is not None and self._login.ended(answer.status, code)

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
        tree = self._tree(answer)
        try:
            taken = tree is not None and answer.status in self._send.success.statuses and self._when.holds(tree)
            name = optional(self._id(tree), "the id") if taken and self._id is not None else outbound.token
        except BadPayload:
            raise _unreadable(answer) from None
        if taken and name is not None:
            return Sent((name,))
        if taken or (tree is None and answer.status in self._send.success.statuses):
            raise _unreadable(answer)
        raise self._refusal(answer, tree)

    def _tree(self, answer: Answer) -> Any:
        """The answer to look at; None where it does not read as declared."""
        if self._send.answer == "text":
            text = answer.body.decode("utf-8", "replace")
            found = self._pattern.search(text[:MOST_TEXT]) if self._pattern is not None else None
            return {**(found.groupdict() if found else {}), "text": text}
        try:
            return bounded(xml_tree.read(answer.body) if self._send.answer == "xml" else decode(answer.body, _ANY))
        except BadPayload:
            return None

    def _refusal(self, answer: Answer, tree: Any) -> KitError:
        code = _first(self._codes_at, tree)
        detail = (_first(self._words_at, tree) or "")[:LONGEST] or f"HTTP status {answer.status}"
        told = code or str(answer.status)
        meaning = self._codes.meaning(code)
        if meaning is None and (not 200 <= answer.status < 500 or (answer.status < 300 and code is None)):
            return OutcomeUnknown(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=told)
        meaning = meaning or BY_STATUS.get(answer.status, UNKNOWN)
        if answer.status == 429 and meaning.error is not Temporary:
            meaning = BY_STATUS[429]
        return self._raised(meaning, detail, told, answer)

    def _raised(self, meaning: Meaning, detail: str, told: str, answer: Answer) -> KitError:
        if meaning.error is Temporary:
            limited = meaning.code is ErrorCode.RATE_LIMITED
            wait = _wait(answer.headers.get("retry-after"), self._send.error.wait if limited else None)
            return Temporary(detail, retry_after=wait, code=meaning.code, provider_code=told)
        return meaning.error(detail, code=meaning.code, provider_code=told)


def values_of(outbound: Outbound, settings: Mapping[str, Any], webhook_url: str) -> dict[str, Any]:
    """What templates may name besides files. Raises Refused for what a message cannot carry."""
    payload = outbound.payload
    if payload.location is not None or payload.contact_card is not None or payload.actions:
        raise Refused("this channel carries text and files only", code=ErrorCode.CONTENT_UNSUPPORTED)
    if not payload.text and not payload.media:
        raise Refused("a message without content", code=ErrorCode.CONTENT_UNSUPPORTED)
    return {
        **settings,
        "to": outbound.address.value,
        "text": payload.text or None,
        "token": outbound.token,
        "webhook_url": webhook_url or None,
        "message_id": outbound.message_id or None,
    }


def _with_files(send: Send, carried: Carried) -> Send:
    """The request as it is with files."""
    parts = {name: getattr(carried, name) for name in ("url", "query", "form", "json", "xml")}
    return msgspec.structs.replace(send, **{name: part for name, part in parts.items() if part is not None})


def _pattern(send: Send) -> re.Pattern[str] | None:
    """Raises Misworded."""
    if send.pattern is None:
        return None
    if send.answer != "text":
        raise Misworded("a pattern is for an answer that is text", send.pattern)
    try:
        return re.compile(send.pattern)
    except re.error as error:
        raise Misworded("no regular expression", send.pattern) from error


def revealed(config: msgspec.Struct) -> dict[str, Any]:
    """The settings as plain values, for templates and schemes only."""
    values = {name: getattr(config, name) for name in config.__struct_fields__}
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}


def _first(paths: list[Path], tree: Any) -> str | None:
    for path in paths:
        try:
            found = optional(path(tree), "a word") if tree is not None else None
        except BadPayload:
            continue
        if found is not None:
            return found
    return None


def _unreadable(answer: Answer) -> OutcomeUnknown:
    return OutcomeUnknown(
        "an answer that cannot be read", code=ErrorCode.PROVIDER_DOWN, provider_code=str(answer.status)
    )


def _wait(header: str | None, otherwise: float | None) -> float | None:
    """Seconds to wait, at least one: what is told to come again at once would never stop coming."""
    return max(float(header), 1.0) if header is not None and _SECONDS.fullmatch(header) else otherwise
