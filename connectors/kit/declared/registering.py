"""The webhook at the provider, by a declaration: set, read back, and removed."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from connectors.kit.base import Registration
from connectors.kit.declared.access import Access, asked_with
from connectors.kit.declared.asks import Ask, Register
from connectors.kit.declared.language import Channel
from connectors.kit.declared.misworded import Misworded
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.declared.wire import Wire
from connectors.kit.errors import BadPayload, Misconfigured, Temporary
from connectors.kit.http import Answer
from connectors.kit.redact import Redactor
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

PAUSE: Final = 5.0
"""Seconds after too many requests."""
WEBHOOK: Final = "webhook_url"
_ANY: Final = msgspec.json.Decoder(Any)


def sets(register: Register) -> tuple[Ask, ...]:
    """The requests that set the webhook, one after the other."""
    return register.set if isinstance(register.set, tuple) else (register.set,)


class Registering:
    """What it tells shows no secret, though an address may hold one. Raises ValueError where the declaration cannot
    work."""

    def __init__(self, channel: Channel, register: Register) -> None:
        known = asked_with(channel)
        if not sets(register):
            raise ValueError("no request sets the webhook")
        for name in register.needs:
            if name not in channel.settings:
                raise Misworded(f"there is no setting {name!r}", name)
        self._needs = register.needs
        self._sets, self._read = [Wire(each, known | {WEBHOOK}) for each in sets(register)], Wire(register.read, known)
        self._remove = Wire(register.remove, known) if register.remove is not None else None
        self._at = Path(register.at)

    async def set(self, access: Access, url: str, redact: Redactor) -> Registration:
        """Raises Temporary, Refused, Misconfigured."""
        for each in self._sets:
            await self._ask(each, access, {**access.settings, WEBHOOK: url})
        return await self.read(access, redact)

    async def read(self, access: Access, redact: Redactor) -> Registration:
        """Raises as `set` does."""
        answer = await self._ask(self._read, access, access.settings)
        try:
            found = self._at(bounded(decode(answer.body, _ANY)))
        except BadPayload:
            raise Temporary("an answer that cannot be read", code=ErrorCode.PROVIDER_DOWN) from None
        return Registration(url=redact(found) if isinstance(found, str) and found else None)

    async def remove(self, access: Access, redact: Redactor) -> Registration:
        """Raises as `set` does."""
        if self._remove is None:
            raise Misconfigured("the provider keeps a webhook until another takes its place; take it out there")
        await self._ask(self._remove, access, access.settings)
        return await self.read(access, redact)

    async def _ask(self, wire: Wire, access: Access, values: Mapping[str, Any]) -> Answer:
        missing = [name for name in self._needs if values.get(name) is None]
        if missing:
            raise Misconfigured(f"set {' and '.join(missing)}, by which the provider knows where the webhook belongs")
        # However often it is done, it comes to the same.
        answer = await access.ask(wire, values, reads=True)
        if answer.status >= 300:
            raise by_status(answer, PAUSE, Temporary)
        return answer
