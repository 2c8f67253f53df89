"""Plugins that exist only here: one that asks its provider, and one that cannot."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from connectors.kit.base import Account, Asked, Info, Outbound, Plugin, Registration, Sent, Settles
from connectors.kit.config import PluginConfig
from connectors.kit.errors import Misconfigured, Refused, Temporary
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


class Asking(Mute):
    """Keeps the word that somebody was given in a browser."""

    info: ClassVar[Info] = Info(
        name="asking",
        channel="cage",
        scheme="parrot",
        capability=Capability(text=TextLimit(most=9)),
        settles=Settles.NEVER,
    )

    def authorization(self) -> Asked:
        return Asked("https://cage.example.com/allow?state=s1", "http://127.0.0.1/", {"state": Secret("s1")})

    async def authorize(self, asked: Asked, landed: str) -> Account:
        address, _, word = landed.partition("?state=s1&word=")
        if not landed.startswith(asked.returns_to) or not word:
            raise Refused("nothing was allowed")
        await self.tools.state.replace("word", await self.tools.state.read("word"), Secret(word))
        return Account(name="Polly", details={"at": address})

    async def check(self) -> Account:
        word = await self.tools.state.read("word")
        if word is None:
            raise Misconfigured("nobody has authorised it")
        return Account(name=f"{len(word.reveal())} letters")
