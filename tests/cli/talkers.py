"""Plugins that exist only here: one that asks its provider, and one that cannot."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from connectors.kit.base import Account, Info, Outbound, Plugin, Registration, Sent, Settles
from connectors.kit.config import PluginConfig
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from normalizer.capability import Capability, TextLimit
from normalizer.inbound import Ignored, Inbound


class Config(PluginConfig, frozen=True, kw_only=True):
    token: Secret
    mood: Literal["good", "offended", "asleep"] = "good"


class Mute(Plugin[Config]):
    info = Info(
        name="mute",
        channel="cage",
        scheme="parrot",
        capability=Capability(text=TextLimit(most=9)),
        settles=Settles.NEVER,
    )
    Config = Config

    def verify(self, request: Request) -> None: ...

    def parse(self, request: Request) -> Sequence[Inbound]:
        return [Ignored(key=request.url, reason="mute")]

    async def send(self, outbound: Outbound) -> Sent:
        return Sent((outbound.token,))


class Parrot(Mute):
    """Answers by its mood."""

    info: ClassVar[Info] = Info(
        name="parrot",
        channel="cage",
        scheme="parrot",
        capability=Capability(text=TextLimit(most=9)),
        settles=Settles.NEVER,
        summary="repeats\nwhat it hears",
    )

    async def check(self) -> Account:
        self._in_good_mood()
        return Account(name="Polly", details={"colour": "green"})

    async def register(self, url: str) -> Registration:
        self._in_good_mood()
        return Registration(url=url, pending=0)

    async def registration(self) -> Registration:
        self._in_good_mood()
        return Registration(url=None, pending=3, last_error="seed", details={"perch": 2})

    async def unregister(self) -> Registration:
        return Registration(url=None)

    def _in_good_mood(self) -> None:
        if self.config.mood == "offended":
            raise Misconfigured("the token is not accepted")
        if self.config.mood == "asleep":
            raise Temporary("no connection in time")
