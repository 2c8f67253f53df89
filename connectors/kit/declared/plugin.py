"""A plugin's class from a declaration: the contract of `connectors.kit.base`, kept by data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, cast

import msgspec

from connectors.kit.base import ANSWERS, Info, Outbound, Outcome, Plugin, Sent, Tools
from connectors.kit.config import PluginConfig
from connectors.kit.declared.abilities import abilities
from connectors.kit.declared.access import Access, Admission
from connectors.kit.declared.approved import Listed, Shelf
from connectors.kit.declared.backfilling import Backfilling
from connectors.kit.declared.by_address import ByAddress
from connectors.kit.declared.carrying import limit_of
from connectors.kit.declared.checking import Checking
from connectors.kit.declared.checks import Scheme, told
from connectors.kit.declared.config import config_of
from connectors.kit.declared.document import Document, Where
from connectors.kit.declared.fetching import Fetching
from connectors.kit.declared.filling import filled
from connectors.kit.declared.kinds import PROMISED
from connectors.kit.declared.language import Channel, Setting
from connectors.kit.declared.loading import load
from connectors.kit.declared.logins import Kept
from connectors.kit.declared.misworded import Misworded
from connectors.kit.declared.receiving import Reading
from connectors.kit.declared.registering import Registering
from connectors.kit.declared.schemes import scheme
from connectors.kit.declared.sending import Sending, revealed
from connectors.kit.declared.templates import APPROVED, PLACE, VARIABLES
from connectors.kit.request import Request, Response
from normalizer.capability import Capability, SegmentLimit, TextLimit
from normalizer.inbound import Inbound
from normalizer.status import Status

FILE = "channel.yaml"


class Declared(Plugin[PluginConfig]):
    """What all declared channels have in common; `plugin_of` makes the class of each."""

    declaration: ClassVar[Channel]
    schemes: ClassVar[Sequence[Scheme]]
    admission: Admission
    reading: Reading
    sending: Sending
    backfilling: Backfilling

    def __init__(self, config: PluginConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        channel = filled(self.declaration, revealed(config))
        if channel is not self.declaration:
            self.admission, self.reading, self.sending = Admission(channel), Reading(channel), Sending(channel)
            if channel.backfill is not None:
                self.backfilling = Backfilling(channel, channel.backfill)
        reply = channel.receive.reply
        self.access = Access(self.admission, tools.http, lambda: revealed(config), Kept(tools.now))
        self._shelf = Shelf()
        self._heard = Response(reply.status, reply.text.encode(), {"content-type": reply.type} if reply.text else {})

    def verify(self, request: Request) -> None:
        for each in self.schemes:
            each.check(request, self._setting)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return self.reading.parse(request)

    def respond(self, request: Request, outcome: Outcome) -> Response:  # noqa: ARG002 - part of the contract
        return ANSWERS[outcome] if ANSWERS[outcome].status >= 400 else self._heard

    @classmethod
    def described(cls, config: PluginConfig) -> Info:
        media = cls.declaration.send.media
        if media is None or media.setting is None or getattr(config, media.setting):
            return cls.info
        return replace(cls.info, capability=msgspec.structs.replace(cls.info.capability, media=None))

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        told = [getattr(config, name) for name, each in cls.declaration.settings.items() if each.type == "origin"]
        return [origin for origin in told if origin is not None]

    async def send(self, outbound: Outbound) -> Sent:
        return await self.sending.send(self.access, outbound, self.tools.webhook_url, self._shelf)

    def _setting(self, name: str) -> str:
        return told(revealed(self.config)[name])


def plugin_of(module: str, file: str) -> type[Declared]:
    """The class of the `channel.yaml` that stands beside a module: `plugin_of(__name__, __file__)`.

    Raises DeclarationError, whose text says where.
    """
    channel, document = load(Path(file).parent / FILE)
    _check_settings(channel, document)
    title = "".join(word.capitalize() for word in channel.name.split("_"))
    usual = filled(channel, {name: setting.default for name, setting in channel.settings.items()})
    schemes = _made(document, "verify", lambda: tuple(map(scheme, channel.verify)))
    parts: Mapping[str, Any] = {
        "settings": lambda: config_of(f"{title}Config", channel, module, schemes),
        "receive": lambda: Reading(usual),
        "templates": lambda: Listed(usual, channel.templates) if channel.templates is not None else None,
        "send": lambda: (Admission(usual), Sending(usual)),
        "check": lambda: Checking(channel, channel.check) if channel.check is not None else None,
        "register": lambda: Registering(channel, channel.register) if channel.register is not None else None,
        "backfill": lambda: Backfilling(channel, channel.backfill) if channel.backfill is not None else None,
        "fetch": lambda: Fetching(channel, channel.fetch) if channel.fetch is not None else None,
        "limits": lambda: _info(channel),
    }
    made = {part: _made(document, part, make) for part, make in parts.items()}
    _check_schemes(channel, document, schemes)
    _check_signature(channel, document)
    _check_simulated(channel, document)
    _check_templates(channel, document)
    namespace = {
        "__module__": module,
        "__doc__": channel.summary,
        "info": made["limits"],
        "Config": made["settings"],
        "declaration": channel,
        "schemes": schemes,
        "reading": made["receive"],
        "admission": made["send"][0],
        "sending": made["send"][1],
        **abilities(made),
    }
    return cast(type[Declared], type(title, (Declared,), namespace))


def _made(document: Document, part: str, make: Any) -> Any:
    try:
        return make()
    except Misworded as error:
        raise document.error(document.where(error.text, (part,)), str(error)) from error
    except ValueError as error:
        raise document.error((part,), str(error)) from error


def _info(channel: Channel) -> Info:
    promised = {PROMISED[type(kind)] for kind in channel.receive.kinds if type(kind) in PROMISED}
    if channel.receive.words:
        promised.add("consent_changed")
    limits = channel.limits
    text = TextLimit(most=limits.text, unit=limits.unit)
    capability = Capability(
        text=text,
        templates=channel.send.template is not None,
        window=limits.window,
        media=limit_of(channel.send.media, text) if channel.send.media is not None else None,
        segments=SegmentLimit(most=limits.segments) if limits.segments is not None else None,
        inbound=frozenset(promised),
    )
    return Info(
        name=channel.name,
        channel=channel.channel,
        scheme=channel.scheme,
        capability=capability,
        settles=channel.settles,
        summary=channel.summary,
    )


def _check_settings(channel: Channel, document: Document) -> None:
    """Raises DeclarationError."""
    base = channel.settings.get("api_base")
    if base is None or base.type != "origin" or base.optional:
        raise document.error(("settings",), "`api_base`, of type origin, is where the provider is")
    taken = VARIABLES | (APPROVED if channel.send.template is not None else frozenset())
    for name, setting in channel.settings.items():
        if (setting.type == "origin") != name.endswith(PLACE):
            raise document.error(("settings", name), f"settings of type origin, and no others, end in {PLACE!r}")
        if name in taken or not (name.isascii() and name.isidentifier() and name.islower()):
            raise document.error(("settings", name), "no name for a setting", at_key=True)
    known = {str(status) for status in Status} | {"ignored"}
    for status in channel.statuses:
        if str(status) not in known:
            raise document.error(("statuses", str(status)), "no status", known=tuple(sorted(known)), at_key=True)
    switched: Mapping[Where, Any] = {
        ("send", "media"): channel.send.media,
        ("backfill",): channel.backfill,
        ("templates",): channel.templates,
    }
    for where, part in switched.items():
        if part is not None and part.setting is not None:
            flag = channel.settings.get(part.setting)
            if flag is None or flag.type != "flag" or flag.default is None:
                raise document.error((*where, "setting"), "no setting of type flag with a default")


def _check_simulated(channel: Channel, document: Document) -> None:
    """Raises DeclarationError."""
    for part in ("login", "check", "register", "backfill", "templates"):
        asked = getattr(channel.send if part == "login" else channel, part)
        if asked is not None and getattr(channel.simulated, part) is None:
            raise document.error(("simulated",), f"`{part}` is missing: what its request is answered")


def _check_templates(channel: Channel, document: Document) -> None:
    """Raises DeclarationError."""
    listed, window = channel.templates is not None, channel.limits.window
    if listed and channel.send.template is None:
        raise document.error(("templates",), "a list for nothing: `send` has no `template`", at_key=True)
    if listed and channel.simulated.no_template is None:
        raise document.error(
            ("simulated",), "`no_template` is missing: what is answered where there is no such template"
        )
    if window is not None and (channel.send.template is None or window < 1):
        raise document.error(("limits", "window"), "a window is of some seconds, and beyond it goes `send.template`")


def _check_schemes(channel: Channel, document: Document, schemes: Sequence[Scheme]) -> None:
    """Nobody is let in by a setting that may be missing. Raises DeclarationError."""
    if not schemes:
        raise document.error(("verify",), "something must show that a request is the provider's own")
    for index, each in enumerate(schemes):
        where: Where = ("verify", index)
        if isinstance(each, ByAddress) and (fault := each.fault(channel.settings)) is not None:
            raise document.error(where, fault)
        for name in each.settings:
            setting = channel.settings.get(name)
            if setting is None:
                raise document.error(where, f"there is no setting {name!r}")
            if setting.optional or setting.default is not None:
                raise document.error(where, f"the setting {name!r} is not required, so anybody could get in")
        if not each.public and not any(_secret(channel.settings[name]) for name in each.settings):
            raise document.error(where, "none of its settings is a secret")
    if all(isinstance(each, ByAddress) and each.may_be_empty(channel.settings) for each in schemes):
        raise document.error(("verify",), "only addresses show who calls, and their setting may be left out")


def _check_signature(channel: Channel, document: Document) -> None:
    """Raises DeclarationError."""
    sign = channel.send.sign
    if sign is None:
        return
    if channel.send.login is not None:
        raise document.error(("send", "sign"), "a request is signed, or has a token of `login`", at_key=True)
    for key, name in (("id", sign.id), ("key", sign.key)):
        setting = channel.settings.get(name)
        if setting is None:
            raise document.error(("send", "sign", key), f"there is no setting {name!r}")
        if setting.optional or setting.default is not None:
            raise document.error(("send", "sign", key), f"the setting {name!r} is not required")
    if not _secret(channel.settings[sign.key]):
        raise document.error(("send", "sign", "key"), f"the setting {sign.key!r} is no secret")


def _secret(setting: Setting) -> bool:
    return setting.type == "secret"
