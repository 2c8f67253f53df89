"""What a provider signs: pieces of a request, by the names that declarations use.

A literal stands after `text:`, a header after `header:`. Joined, in their order, they are what is hashed.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from connectors.kit.declared.misworded import Misworded
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request

Piece = Callable[[Request], bytes]
LITERAL: Final = "text:"
HEADER: Final = "header:"


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _plain_url(request: Request) -> bytes:
    return _octets(urlsplit(request.url)._replace(query="", fragment="").geturl())


def _sorted_query(request: Request) -> bytes:
    """Raises BadSignature."""
    try:
        return _octets("&".join(f"{name}={value}" for name, value in sorted(request.query)))
    except BadPayload as error:
        raise BadSignature("a query that cannot be read") from error


def _dotted_query(request: Request) -> bytes:
    query = _sorted_query(request)
    return query + b"." if query else b""


def _form(request: Request) -> Sequence[tuple[str, str]]:
    try:
        return sorted(request.form)
    except BadPayload:  # of what is no form, no fields were signed
        return ()


PIECES: Final[Mapping[str, Piece]] = {
    "body": lambda request: request.body,
    "body_sha256": lambda request: sha256(request.body).digest(),
    "body_sha256_hex": lambda request: sha256(request.body).hexdigest().encode() if request.body else b"",
    "method": lambda request: request.method.encode(),
    "newline": lambda _: b"\n",
    "sorted_form": lambda request: _octets("".join(name + value for name, value in _form(request))),
    "sorted_query": _sorted_query,
    "sorted_query_dotted": _dotted_query,
    "url": lambda request: _octets(request.url),
    "url_plain": _plain_url,
    "url_sha256_hex": lambda request: sha256(_octets(request.url)).hexdigest().encode(),
}
"""`body_sha256` is the raw hash, of an empty body too; `url_plain` has no query; `sorted_form` has no separators;
`sorted_query_dotted` ends in a dot, where there is a query."""


def piece(name: str) -> Piece:
    """Raises Misworded for a name that is none."""
    if name.startswith(LITERAL):
        literal = name.removeprefix(LITERAL).encode()
        return lambda _: literal
    if name.startswith(HEADER):
        header = name.removeprefix(HEADER).lower()
        return lambda request: _octets(request.headers.get(header, ""))
    if name not in PIECES:
        raise Misworded(f"there is no piece {name!r}; there are {', '.join(PIECES)}, text:… and header:…", name)
    return PIECES[name]
