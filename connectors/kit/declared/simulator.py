"""A declared provider over loopback, driven by the same file as the plugin: how it signs, answers and fails."""

import itertools
import re
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from connectors.kit.declared import language, xml_tree
from connectors.kit.declared.checks import told
from connectors.kit.declared.forgeries import forgeries
from connectors.kit.declared.plugin import Declared
from connectors.kit.declared.registering import sets
from connectors.kit.declared.schemes import SIMULATED_PUBLIC_KEY
from connectors.kit.declared.signed_simulation import is_signed, steady
from connectors.kit.declared.simulated_templates import asked_template, names_listed
from connectors.kit.declared.simulated_webhook import registered
from connectors.kit.declared.templates import PLACE, Template, Tree
from connectors.kit.declared.wire import FORM, JSON, XML
from connectors.kit.request import Request
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

VARIABLES: Final = frozenset(
    {"id", "text", "sender", "status", "code", "webhook", "now", "now_epoch", "time", "missed"}
)
MADE_UP: Final = "simulated0001ofnorealaccount0000"
"""Reads as base64, too, as keys do."""
MADE_UPS: Final[Mapping[str, Any]] = {"addresses": ["127.0.0.1"]}
"""By type, where a text will not do."""
HOLE: Final = "HOLE"
"""Stands where an address names a setting."""
Asked = language.Login | language.Check | language.Ask | language.Backfill | language.Templates


class DeclaredSimulator(LoopbackSimulator):
    """Signs by the real clock."""

    plugin: ClassVar[type[Declared]]
    numbers: ClassVar[Iterator[int]]
    webhook: str = ""
    """The address that was registered."""

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self._missed: list[Any] = []

    def settings(self) -> dict[str, Any]:
        """As ever, with the public half of the key it signs with; it is wherever the provider is."""
        declared = self.plugin.declaration.settings
        places = {name: self.url for name, each in declared.items() if each.type == "origin"}
        public = {name: SIMULATED_PUBLIC_KEY for each in self.plugin.schemes if each.public for name in each.settings}
        return {**super().settings(), **places, **public}

    async def answer(self, request: WireRequest) -> Reply:
        answered = next((each for asked, each in self._besides() if self._asks(asked, request)), None)
        if answered is None and self._lacks_template(request):
            answered = self._simulated.no_template
        signer = self.plugin.admission.signer
        if answered is None and signer is not None and not is_signed(signer, request, self._setting):
            return self.FAILURES[Failure.UNAUTHORIZED]
        if answered is self._simulated.register and answered is not None and request.method != "GET":
            self.webhook = registered(request, self.hub_url)
        values = {"id": self._name(), "webhook": self.webhook, "missed": self._missed}
        return reply(answered or self._simulated.accepts, values)

    def steady(self, request: WireRequest) -> WireRequest:
        signer = self.plugin.admission.signer
        return request if signer is None else steady(signer, request)

    def is_send(self, request: WireRequest) -> bool:
        return not any(self._asks(asked, request) for asked, _ in self._besides())

    def _besides(self) -> list[tuple[Asked, language.Answered | None]]:
        """What is asked besides sending, and answered."""
        declared, simulated, pairs = self.plugin.declaration, self._simulated, list[Any]()
        if (hook := declared.register) is not None:
            pairs += [(asked, simulated.register) for asked in (*sets(hook), hook.read, hook.remove)]
        pairs += [(declared.send.login, simulated.login), (declared.templates, simulated.templates)]
        pairs += [(declared.backfill, simulated.backfill)]
        pairs += [(declared.check, simulated.check)]  # a look at the same list may be one
        return [(asked, answered) for asked, answered in pairs if asked is not None]

    def _asks(self, asked: Asked, request: WireRequest) -> bool:
        """Whoever's account it is about."""
        places = {name: "" for name in self._known if name.endswith(PLACE)}
        address = Template(asked.url, self._known).address(dict.fromkeys(self._known, HOLE) | places)
        form = re.escape(urlsplit(address).path).replace(HOLE, "[^/]*")
        # Some are at one address, and differ in a header; recorded requests lack those that every request has.
        fixed = {name.lower(): text for name, text in asked.headers.items() if "{" not in text}
        here = asked.method == request.method and re.fullmatch(form, request.path.partition("?")[0]) is not None
        return here and all(request.headers.get(name, text) == text for name, text in fixed.items())

    def _lacks_template(self, request: WireRequest) -> bool:
        """Whether a send names a template that is neither in the list nor one of the settings."""
        declared, listed = self.plugin.declaration, self._simulated.templates
        if declared.templates is None or listed is None:
            return False
        known = names_listed(declared.templates, listed.json)
        return asked_template(declared.send, request) not in {None, *known, *map(str, self._settings().values())}

    def genuine(self, payload: bytes) -> WireRequest:
        call = self._simulated.message
        if call.method == "GET":
            return self._signed("GET", payload.decode(), b"", "")
        return self._signed("POST", _query(call, self._settings(), self._known), payload, _kind(call))

    def missed(self, text: str = "hi", sender: str = "447700900222", at: datetime | None = None) -> bytes:
        """Somebody wrote, at a time or just now: the list tells it, and this is the payload of its webhook. Raises
        LookupError where there is no list."""
        listed = self._simulated.missed
        if listed is None:
            raise LookupError("this provider has no list of what came")
        name, time = self._name(), (at or datetime.now(UTC)).strftime(listed.time)
        values = {**self._settings(), "id": name, "text": text, "sender": sender, "time": time}
        self._missed.insert(0, Tree(listed.json, self._known)(values))
        return self._message(name, text, sender)

    def message(self, text: str = "hi", sender: str = "447700900222") -> bytes:
        return self._message(self._name(), text, sender)

    def _message(self, name: str, text: str, sender: str) -> bytes:
        values = {**self._settings(), **_moment(), "id": name, "text": text, "sender": sender}
        call, known = self._simulated.message, self._known
        return _query(call, values, known).encode() if call.method == "GET" else _body(call, values, known)

    def report(self, name: str, status: str, code: str | None = None) -> WireRequest:
        """What the provider calls with about a message of ours. Raises LookupError where it does not."""
        call = self._simulated.report
        if call is None:
            raise LookupError("this provider reports nothing")
        values = {**self._settings(), "id": name, "status": status, "code": code}
        body = _body(call, values, self._known) if call.method == "POST" else b""
        return self._signed(call.method, _query(call, values, self._known), body, _kind(call))

    @property
    def _simulated(self) -> language.Simulated:
        return self.plugin.declaration.simulated

    @property
    def _known(self) -> frozenset[str]:
        return VARIABLES | self.plugin.declaration.settings.keys()

    def _settings(self) -> dict[str, Any]:
        """Which need not be of the form that a connector's have."""
        usual = {name: setting.default for name, setting in self.plugin.declaration.settings.items()}
        return usual | {name: tuple(value) if isinstance(value, list) else value for name, value in self.config.items()}

    def _setting(self, name: str) -> str:
        return told(self._settings()[name])

    def _name(self) -> str:
        return f"simulated-{next(self.numbers):06}"

    def _signed(self, method: str, query: str, body: bytes, kind: str) -> WireRequest:
        url = urlsplit(self.hub_url)
        joined = "&".join(filter(None, (url.query, query)))
        headers = {"content-type": kind} if body else {}
        request = Request(method, urlunsplit(url._replace(query=joined)), headers, body, datetime.now(UTC))
        for each in reversed(self.plugin.schemes):
            request = each.presented(request, self._setting)
        place = urlsplit(request.url)
        path = (place.path or "/") + (f"?{place.query}" if place.query else "")
        return WireRequest(request.method, path, dict(request.headers), request.body, request.peer)


def simulator_of(plugin: type[Declared]) -> type[DeclaredSimulator]:
    """The simulator of a declared plugin. Raises KeyError for a failure of no known name."""
    declared = plugin.declaration
    failures = {Failure(name): reply(answered, {}) for name, answered in declared.simulated.failures.items()}
    namespace = {
        "__module__": f"{plugin.__module__}.simulator",
        "__doc__": f"{declared.summary}, over loopback.",
        "plugin": plugin,
        "FAILURES": failures,
        "LACKS": {Failure(name): why for name, why in declared.simulated.lacks.items()},
        "mutators": forgeries(declared.verify),
        "numbers": itertools.count(1),
    }
    return type("Simulator", (DeclaredSimulator,), namespace)


def reply(answered: language.Answered, values: Mapping[str, Any]) -> Reply:
    if answered.json is not None:
        told = msgspec.json.encode(Tree(answered.json, VARIABLES)(values))
        return Reply(answered.status, told, {"content-type": JSON, **answered.headers})
    if answered.xml is not None:
        document = xml_tree.written(Tree(answered.xml, VARIABLES)(values))
        return Reply(answered.status, document, {"content-type": XML, **answered.headers})
    text = Tree([answered.text or ""], VARIABLES)(values)
    return Reply(answered.status, "".join(text).encode(), answered.headers)


def _moment() -> dict[str, str]:
    now = datetime.now(UTC)
    return {"now": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "now_epoch": str(int(now.timestamp()))}


def _query(call: language.Call, values: Mapping[str, Any], known: frozenset[str]) -> str:
    return urlencode(Tree(call.query, known)(values) or {})


def _body(call: language.Call, values: Mapping[str, Any], known: frozenset[str]) -> bytes:
    if call.json is not None:
        return msgspec.json.encode(Tree(call.json, known)(values))
    if call.xml is not None:
        return xml_tree.written(Tree(call.xml, known)(values))
    return urlencode(Tree(call.form or {}, known)(values) or {}).encode()


def _kind(call: language.Call) -> str:
    return JSON if call.json is not None else XML if call.xml is not None else FORM


def run_alone(kind: type[DeclaredSimulator]) -> None:
    """Serves until interrupted."""
    run(alone(kind))


def alone(kind: type[DeclaredSimulator], arguments: Sequence[str] | None = None) -> DeclaredSimulator:
    """A provider that knows of no connector: settings it may want to look at are options of its command, or made up."""
    wanted = ArgumentParser(description=kind.__doc__)
    for name, setting in kind.plugin.declaration.settings.items():
        if needed(setting):
            usual = MADE_UPS.get(setting.type, MADE_UP)
            wanted.add_argument(f"--{name.replace('_', '-')}", default=usual, help=setting.help.replace("%", "%%"))
    return kind({**vars(wanted.parse_args(arguments)), "api_base": "http://127.0.0.1"})


def needed(setting: language.Setting) -> bool:
    return setting.default is None and not setting.optional
