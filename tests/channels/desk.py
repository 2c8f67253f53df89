"""An operator who allows a connector, in a browser, what its provider wants to be allowed there."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from connectors.kit.base import Account, Outbound
from connectors.kit.testing.state import Remembered
from tests.channels import beside

T = TypeVar("T")


class Desk:
    """An operator's, with what the connector keeps, and a clock; `provider` has what it allows in `allowing`."""

    def __init__(self, plugin: type[Any], provider: Any, **settings: Any) -> None:
        self.plugin, self.provider, self.settings = plugin, provider, settings
        self.state = Remembered()
        self.now: datetime = beside.NOW

    def do(self, act: Callable[[Any], Awaitable[T]]) -> T:
        settings, state = self.settings, self.state
        return beside.during(self.plugin, self.provider, act, settings=settings, clock=lambda: self.now, state=state)

    def authorize(self, landed: Callable[[str], str] | None = None) -> Account:
        async def allow(plugin: Any) -> Account:
            asked = plugin.authorization()
            return await plugin.authorize(asked, (landed or self.provider.allowing.allow)(asked.url))

        return self.do(allow)

    def send(self, outbound: Outbound) -> None:
        self.do(lambda plugin: plugin.send(outbound))
