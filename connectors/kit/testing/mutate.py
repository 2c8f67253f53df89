"""Forgeries: each takes a genuine request and makes one the provider did not send.

A simulator lists those that fit its scheme in `mutators`. They change decoded values, not spelling: a provider that
signs values does not promise to tell `%2b` from `%2B`. A mutator that finds nothing to change returns the request as
it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from connectors.kit.request import Request

Mutator = Callable[[Request], Request]
ELSEWHERE = "100::1"
"""Of the prefix whose packets are discarded (RFC 6666)."""


def header_dropped(name: str) -> Mutator:
    """Without the header."""

    def mutate(request: Request) -> Request:
        return replace(request, headers={key: value for key, value in request.headers.items() if key != name.lower()})

    return mutate


def header_flipped(name: str) -> Mutator:
    """With the first letter or digit of the header's value changed: of base64, the last might carry no information."""
    return _header(name, flipped)


def header_cut(name: str) -> Mutator:
    """With the last character of the header's value missing."""
    return _header(name, lambda value: value[:-1])


def header_emptied(name: str) -> Mutator:
    """With nothing in the header."""
    return _header(name, lambda _value: "")


def body_flipped(request: Request) -> Request:
    """With one bit of the middle octet changed."""
    if not request.body:
        return request
    middle = len(request.body) // 2
    changed = bytes([request.body[middle] ^ 1])
    return replace(request, body=request.body[:middle] + changed + request.body[middle + 1 :])


def body_extended(request: Request) -> Request:
    """With a space more."""
    return replace(request, body=request.body + b" ")


def form_field_changed(name: str) -> Mutator:
    """With another value in a form field."""
    return _form(lambda fields: [(key, flipped(value) if key == name else value) for key, value in fields])


def form_field_dropped(name: str) -> Mutator:
    return _form(lambda fields: [(key, value) for key, value in fields if key != name])


def form_field_added(name: str, value: str) -> Mutator:
    return _form(lambda fields: [*fields, (name, value)])


def query_field_changed(name: str) -> Mutator:
    """With another value in a field of the URL's query."""

    def mutate(request: Request) -> Request:
        url = urlsplit(request.url)
        fields = parse_qsl(url.query, keep_blank_values=True)
        changed = [(key, flipped(value) if key == name else value) for key, value in fields]
        return (
            replace(request, url=urlunsplit(url._replace(query=urlencode(changed)))) if changed != fields else request
        )

    return mutate


def path_changed(request: Request) -> Request:
    """As if another connector had been called."""
    url = urlsplit(request.url)
    return replace(request, url=urlunsplit(url._replace(path=f"{url.path}x")))


def peer_moved(request: Request) -> Request:
    """As if somebody else had called: from an address that goes nowhere."""
    return replace(request, peer=ELSEWHERE)


def peer_unknown(request: Request) -> Request:
    """As if nobody knew who called."""
    return replace(request, peer="")


def flipped(text: str) -> str:
    """The text with its first letter or digit turned into another one, whatever their case means."""
    for place, letter in enumerate(text):
        if letter.isalnum():
            other = "b" if letter in "aA" else "a" if letter.isalpha() else "1" if letter == "0" else "0"
            return text[:place] + other + text[place + 1 :]
    return f"{text}a"


def _header(name: str, change: Callable[[str], str]) -> Mutator:
    def mutate(request: Request) -> Request:
        headers: Mapping[str, str] = {
            key: change(value) if key == name.lower() else value for key, value in request.headers.items()
        }
        return replace(request, headers=headers)

    return mutate


def _form(change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]]) -> Mutator:
    def mutate(request: Request) -> Request:
        changed = change(request.form)
        return replace(request, body=urlencode(changed).encode()) if changed != request.form else request

    return mutate
