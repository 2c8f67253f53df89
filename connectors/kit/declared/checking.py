"""Whether a declared channel's credentials work: one request that changes nothing."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from connectors.kit.base import Account
from connectors.kit.declared.access import Access, asked_with
from connectors.kit.declared.fields import optional
from connectors.kit.declared.language import Channel, Check
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.declared.templates import Template
from connectors.kit.declared.wire import Wire
from connectors.kit.errors import BadPayload, Misconfigured, Temporary
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

_ANY: Final = msgspec.json.Decoder(Any)


class Checking:
    """Raises ValueError where the declaration cannot work."""

    def __init__(self, channel: Channel, check: Check) -> None:
        known = asked_with(channel)
        if (check.name is None) == (check.called is None):
            raise ValueError("an account has either a `name` in the answer, or is `called` as settings say")
        self._wire = Wire(check, known)
        self._name = Path(check.name) if check.name is not None else None
        self._called = Template(check.called or "", frozenset(channel.settings))

    async def account(self, access: Access) -> Account:
        """Raises Temporary, Misconfigured."""
        settings = access.settings
        answer = await access.ask(self._wire, settings, reads=True)
        if answer.status == 429 or answer.status >= 500:
            raise Temporary(f"HTTP status {answer.status}", code=ErrorCode.PROVIDER_DOWN)
        try:
            name = self._named(answer.body, settings) if answer.status < 300 else None
        except BadPayload:
            name = None
        if name is None:
            raise Misconfigured(
                f"the account cannot be read with these credentials: HTTP status {answer.status}",
                code=ErrorCode.AUTH_FAILED,
                provider_code=str(answer.status),
            )
        return Account(name=name)

    def _named(self, body: bytes, settings: Mapping[str, Any]) -> str | None:
        """Raises BadPayload."""
        told = self._name(bounded(decode(body, _ANY))) if self._name is not None else self._called(settings)
        return optional(told, "the name")
