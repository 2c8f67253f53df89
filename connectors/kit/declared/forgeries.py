"""What the suite makes of a genuine webhook: by each scheme, the changes that it must notice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from connectors.kit.declared import language
from connectors.kit.declared.standard_webhooks import ID, SIGNATURE, TIMESTAMP
from connectors.kit.request import Request
from connectors.kit.testing import mutate

Mutator = Callable[[Request], Request]


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
