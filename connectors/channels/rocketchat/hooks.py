"""The omnichannel's webhook, which is some of the workspace's settings. There is one; what called elsewhere calls here.

Source: developer.rocket.chat/apidocs/update-setting; github.com/RocketChat/Rocket.Chat,
`livechat/server/api/lib/integrations.ts`, `api/server/v1/settings.ts` (read 2026-11).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from connectors.kit.base import Registration
from connectors.kit.errors import BadPayload, Temporary
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

URL: Final = "Livechat_webhookUrl"
WORD: Final = "Livechat_secret_token"
MESSAGES: Final[Mapping[str, str]] = {
    "visitor_messages": "Livechat_webhook_on_visitor_message",
    "agent_messages": "Livechat_webhook_on_agent_message",
}
"""What is to be told, by how it is shown."""

Ask = Callable[[str, object], Awaitable[bytes]]
"""A setting's name and what it shall be, or None to look. Raises Misconfigured, Temporary."""


class Setting(msgspec.Struct, frozen=True):
    value: Any = None


SETTING: Final = msgspec.json.Decoder(Setting)


class Hooks:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def set(self, url: str, secret: str) -> Registration:
        """The address comes last: nothing is told before the secret is the right one."""
        for name, value in ((WORD, secret), *((name, True) for name in MESSAGES.values()), (URL, url)):
            await self._ask(name, {"value": value})
        return await self.shown()

    async def shown(self) -> Registration:
        url = await self._value(URL)
        told = {word: await self._value(name) is True for word, name in MESSAGES.items()}
        return Registration(url=url if isinstance(url, str) and url else None, details=told)

    async def removed(self, url: str) -> Registration:
        if await self._value(URL) == url:
            await self._ask(URL, {"value": ""})
        return await self.shown()

    async def _value(self, name: str) -> Any:
        try:
            return decode(await self._ask(name, None), SETTING).value
        except BadPayload as error:
            raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
