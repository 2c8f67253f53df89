"""A declared provider over loopback, driven by the same file as the plugin: how it signs, answers and fails."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from connectors.kit.config import configured
from connectors.kit.declared import language, xml_tree
from connectors.kit.declared.checks import told
from connectors.kit.declared.plugin import Declared
from connectors.kit.declared.schemes import SIMULATED_PUBLIC_KEY
from connectors.kit.declared.sending import revealed
from connectors.kit.declared.signed_simulation import is_signed, steady
from connectors.kit.declared.simulated_webhook import registered
from connectors.kit.declared.standard_webhooks import ID, SIGNATURE, TIMESTAMP
from connectors.kit.declared.templates import Template, Tree
from connectors.kit.declared.wire import FORM, JSON, XML
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import Failure, LoopbackSimulator, Reply, WireRequest, run

VARIABLES: Final = frozenset({"id", "text", "sender", "status", "code", "webhook"})
MADE_UP: Final = "simulated0001ofnorealaccount0000"
"""Reads as base64, too, as keys do."""
MADE_UPS: Final[Mapping[str, Any]] = {"addresses": ["127.0.0.1"]}
"""By type, where a text will not do."""
Mutator = Callable[[Request], Request]
Asked = language.Login | language.Check | language.Ask | language.Backfill


class DeclaredSimulator(LoopbackSimulator):
    """Signs by the real clock."""

    plugin: ClassVar[type[Declared]]
    numbers: ClassVar[Iterator[int]]
    webhook: str = ""
    """The address that was registered."""

    def settings(self) -> dict[str, Any]:
        """As ever, with the public half of the key it signs with."""
        public = {name: SIMULATED_PUBLIC_KEY for each in self.plugin.schemes if each.public for name in each.settings}
        return {**super().settings(), **public}

    async def answer(self, request: WireRequest) -> Reply:
        answered = next((each for asked, each in self._besides() if self._asks(asked, request)), None)
        signer = self.plugin.sending.signer
        if answered is None and signer is not None and not is_signed(signer, request, self._setting):
            return self.FAILURES[Failure.UNAUTHORIZED]
        if answered is self._simulated.register and answered is not None and request.method != "GET":
            self.webhook = registered(request, self.hub_url)
        return reply(answered or self._simulated.accepts, {"id": self._name(), "webhook": self.webhook})

    def steady(self, request: WireRequest) -> WireRequest:
        signer = self.plugin.sending.signer
        return request if signer is None else steady(signer, request)

    def is_send(self, request: WireRequest) -> bool:
        return not any(self._asks(asked, request) for asked, _ in self._besides())

    def _besides(self) -> list[tuple[Asked, language.Answered | None]]:
        """What is asked besides sending, and answered."""
        declared, simulated, pairs = self.plugin.declaration, self._simulated, list[Any]()
        if (hook := declared.register) is not None:
            pairs += [(asked, simulated.register) for asked in (hook.set, hook.read, hook.remove)]
        pairs += [(declared.send.login, simulated.login), (declared.check, simulated.check)]
        pairs += [(declared.backfill, simulated.backfill)]
        return [(asked, answered) for asked, answered in pairs if asked is not None]

    def _asks(self, asked: Asked, request: WireRequest) -> bool:
        address = Template(asked.url, self._known).address(self._settings())
        return (asked.method, urlsplit(address).path) == (request.method, request.path.partition("?")[0])

    def genuine(self, payload: bytes) -> WireRequest:
        call = self._simulated.message
        if call.method == "GET":
            return self._signed("GET", payload.decode(), b"", "")
        return self._signed("POST", _query(call, self._settings(), self._known), payload, _kind(call))

    def message(self, text: str = "hi", sender: str = "447700900222") -> bytes:
        values = {**self._settings(), "id": self._name(), "text": text, "sender": sender}
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
        return revealed(configured(self.plugin.Config, self.config))

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


def forgeries(declared: Sequence[language.Scheme]) -> dict[str, Mutator]:
    """Changes that each scheme must notice."""
    return {name: change for scheme in declared for name, change in FORGERIES[type(scheme)](scheme).items()}


def _of_header(name: str) -> dict[str, Mutator]:
    return {
        f"{name} dropped": mutate.header_dropped(name),
        f"{name} emptied": mutate.header_emptied(name),
        f"{name} changed": mutate.header_flipped(name),
        f"{name} cut": mutate.header_cut(name),
    }


def _of_credentials(_: language.BasicAuth) -> dict[str, Mutator]:
    return _of_header("Authorization")


def _of_secret(scheme: language.SecretField) -> dict[str, Mutator]:
    if scheme.header is not None:
        return _of_header(scheme.header)
    name = str(scheme.query)
    return {
        f"{name} changed": mutate.query_field_changed(name),
        f"{name} dropped": _query_without(name),
        f"{name} given twice": _query_with(name, "another"),
    }


def _of_address(_: language.ListedAddress) -> dict[str, Mutator]:
    return {"called from elsewhere": mutate.peer_moved, "called from nobody knows where": mutate.peer_unknown}


def _of_hmac(scheme: language.Hmac) -> dict[str, Mutator]:
    signed = {name: change for piece in scheme.signed for name, change in NOTICED.get(piece, {}).items()}
    marks = filter(None, (scheme.nonce, scheme.timestamp))
    changed = {f"{name} changed": mutate.header_flipped(name) for name in marks}
    return {**_of_header(scheme.header), **signed, **changed}


def _of_ed25519(scheme: language.Ed25519) -> dict[str, Mutator]:
    signed = {name: change for piece in scheme.signed for name, change in NOTICED.get(piece, {}).items()}
    return {
        **_of_header(scheme.header),
        **signed,
        f"{scheme.timestamp} changed": mutate.header_flipped(scheme.timestamp),
    }


def _of_standard_webhooks(_: language.StandardWebhooks) -> dict[str, Mutator]:
    changed = {f"{name} changed": mutate.header_flipped(name) for name in (ID, TIMESTAMP)}
    return {**_of_header(SIGNATURE), **changed, **_BODY, "replayed a year later": _later}


def _of_signed_fields(scheme: language.SignedFields) -> dict[str, Mutator]:
    changes = {
        f"{scheme.field} changed": _field_of(lambda name, text: mutate.flipped(text) if name == scheme.field else text),
        f"{scheme.field} dropped": _field_of(lambda name, text: None if name == scheme.field else text),
        "every other field changed": _field_of(lambda name, text: text if name == scheme.field else f"{text}0"),
    }
    return {**changes, "replayed a year later": _later}


def _field_of(change: Callable[[str, str], str | None]) -> Mutator:
    """In the body or, of a GET, in the query."""

    def changed(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        given = [(name, change(name, text)) for name, text in fields]
        return [(name, text) for name, text in given if text is not None]

    def mutated(request: Request) -> Request:
        if request.method == "GET":
            return _query_of(changed)(request)
        return replace(request, body=urlencode(changed(request.form)).encode())

    return mutated


def _of_jwt(scheme: language.Jwt) -> dict[str, Mutator]:
    signed = {name: change for piece in scheme.claims.values() for name, change in NOTICED.get(piece, {}).items()}
    return {**_of_header(scheme.header), **signed, "replayed a year later": _later}


def _later(request: Request) -> Request:
    return replace(request, received_at=request.received_at.replace(year=request.received_at.year + 1))


def _query_without(name: str) -> Mutator:
    return _query_of(lambda fields: [(key, value) for key, value in fields if key != name])


def _query_with(name: str, value: str) -> Mutator:
    return _query_of(lambda fields: [*fields, (name, value)])


def _query_of(change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]]) -> Mutator:
    def mutated(request: Request) -> Request:
        url = urlsplit(request.url)
        return replace(request, url=urlunsplit(url._replace(query=urlencode(change(parse_qsl(url.query))))))

    return mutated


_BODY: Final[Mapping[str, Mutator]] = {"octet changed": mutate.body_flipped, "octet added": mutate.body_extended}
_URL: Final[Mapping[str, Mutator]] = {"another connector": mutate.path_changed}
_QUERY: Final[Mapping[str, Mutator]] = {"query field added": _query_with("forged", "yes")}
NOTICED: Final[Mapping[str, Mapping[str, Mutator]]] = {
    "body": _BODY,
    "body_sha256": _BODY,
    "body_sha256_hex": _BODY,
    "sorted_form": {"form field added": mutate.form_field_added("forged", "yes")},
    "sorted_query": _QUERY,
    "sorted_query_dotted": _QUERY,
    "url": {**_URL, **_QUERY},
    "url_plain": _URL,
    "url_sha256_hex": {**_URL, **_QUERY},
}
"""By the piece that is signed: what a forger would change of it."""
FORGERIES: Final[Mapping[type[language.Scheme], Callable[[Any], dict[str, Mutator]]]] = {
    language.BasicAuth: _of_credentials,
    language.SecretField: _of_secret,
    language.ListedAddress: _of_address,
    language.Hmac: _of_hmac,
    language.SignedFields: _of_signed_fields,
    language.Jwt: _of_jwt,
    language.Ed25519: _of_ed25519,
    language.StandardWebhooks: _of_standard_webhooks,
}


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
    """Serves until interrupted, with made-up values for required settings."""
    declared = kind.plugin.declaration.settings
    settings = {name: MADE_UPS.get(setting.type, MADE_UP) for name, setting in declared.items() if needed(setting)}
    run(kind({**settings, "api_base": "http://127.0.0.1"}))


def needed(setting: language.Setting) -> bool:
    return setting.default is None and not setting.optional
