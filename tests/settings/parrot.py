"""A plugin that exists only here."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from connectors.kit.base import Info, Outbound, Plugin, Sent, Settles
from connectors.kit.config import PluginConfig
from connectors.kit.registry import BrokenPlugin, UnknownPlugin
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from normalizer.capability import Capability, TextLimit
from normalizer.inbound import Ignored, Inbound


class Cage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    width: int = 1


class Config(PluginConfig, frozen=True, kw_only=True):
    """A parrot's settings."""

    token: Secret
    name: str = "Polly"
    mode: Literal["talking", "silent"] = "talking"
    words: tuple[str, ...] = ()
    cages: Mapping[str, Cage] = msgspec.field(default_factory=dict)
    keys: tuple[Secret, ...] = ()

    def __post_init__(self) -> None:
        if self.mode == "silent" and self.words:
            raise ValueError("a silent parrot has no words")


class Parrot(Plugin[Config]):
    info = Info(
        name="parrot",
        channel="cage",
        scheme="parrot",
        capability=Capability(text=TextLimit(most=100)),
        settles=Settles.NEVER,
    )
    Config = Config

    def verify(self, request: Request) -> None: ...

    def parse(self, request: Request) -> Sequence[Inbound]:
        return [Ignored(key=str(request.received_at), reason="parrots")]

    async def send(self, outbound: Outbound) -> Sent:
        return Sent(external_ids=(outbound.token,))


def plugins(name: str) -> type[Parrot]:
    if name == "moulted":
        raise BrokenPlugin("plugin 'moulted' cannot be loaded: no feathers")
    if name != "parrot":
        raise UnknownPlugin(name, "parrot" if name.startswith("par") else None)
    return Parrot
