"""Hostile values: each field of a genuine request in turn says what nobody thought of, is missing, or is there twice.

A field is a value of the query, of a form or of XML, a text or number of a JSON body, and of JSON that stands in a text
of any of these. What a whole JSON body looks like with other kinds of values is `damage`.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from connectors.kit.request import Request
from connectors.kit.testing.damage import tree_of

MANY: Final = 2000
"""How often a field is repeated that is there too often."""
TEXTS: Final[Sequence[str]] = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\ud800",
        "\ufffe",
        "\r\nX-Injected: yes",
        "a/b:c?d#e",
        "<a>",
        "]]>",
        "&lol;",
        "@",
        "📞" * 9,
    ),
    *("-1", "1e400", "9" * 20, "9" * 400, "NaN", "-inf", "0x10", "1_000", "١٢٣", "²", "true", "null", "[]", "{}"),
    *("99999999999999999999", "253402300800", "-62135596801", "9223372036854775808"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59-2359", "2026-02-30T25:61:61Z"),
    *("Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359"),
    *("http://[", "http://a:b", "http://169.254.169.254/", "file:///etc/passwd", "//a", "xn--\u2028"),
    *("x" * 70_000, "[" * 50_000, '{"a":' * 50_000, "<a>" * 30_000),
)
NUMBERS: Final = (-1, 10**18, -(10**18), 1 << 63, 253_402_300_800, 253_402_300_800_000, -62_135_596_801, 1e308)
ENTITIES: Final = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_SAID: Final = re.compile(r'>([^<>]+)<|<!\[CDATA\[(.*?)\]\]>|="([^"]*)"')
_ELEMENT: Final = re.compile(r"<(\w+)[^<>/]*>(?:(?!<\1>).)*?</\1>", re.DOTALL)
T = TypeVar("T")
Later = Callable[[], T]
"""Made when it is wanted: there are thousands, of which few are tried."""
Pairs = Sequence[tuple[str, str]]
Path = tuple[str | int, ...]


def hostile_requests(request: Request, most: int) -> Iterator[Request]:
    """A few of anybody's, and at most so many of the provider's own with something changed, always the same ones."""
    for query in ("&%ff=%fe", "&=&" * MANY):
        url = urlsplit(request.url)
        yield replace(request, url=url._replace(query=url.query + query).geturl())
        yield replace(request, body=request.body + query.encode())
    queries = (partial(_asked, request, query) for query in _forms(_query(request)))
    bodies = (partial(_posted, request, body) for body in _bodies(request.body))
    made: list[Later[Request]] = [*queries, *bodies]
    chosen = made if len(made) <= most else Random(len(made)).sample(made, most)  # noqa: S311 - no secret
    for one in chosen:
        yield one()


def _query(request: Request) -> Pairs:
    return parse_qsl(urlsplit(request.url).query, keep_blank_values=True)


def _asked(request: Request, query: Later[bytes]) -> Request:
    return replace(request, url=urlsplit(request.url)._replace(query=query().decode()).geturl())


def _posted(request: Request, body: Later[bytes]) -> Request:
    return replace(request, body=body())


def _bodies(body: bytes) -> Iterable[Later[bytes]]:
    tree = tree_of(body)
    if tree is not None:
        return (partial(_dumped, change) for change in _trees(tree))
    if body.lstrip().startswith(b"<"):
        return _markup(body.decode("utf-8", "replace"))
    try:
        return _forms(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True))
    except ValueError:  # neither: mail, or what only its plugin knows
        return ()


def _forms(fields: Pairs) -> Iterator[Later[bytes]]:
    for n, (name, text) in enumerate(fields):
        before, after = fields[:n], fields[n + 1 :]
        for told in _texts(text):
            yield partial(_said, before, name, told, after)
        yield partial(_encoded, before, after)
        yield partial(_encoded, fields, [(name, "again")])
        yield partial(_octets, "&".join((urlencode(before), f"{name}=%ff%fe", urlencode(after))))
    if fields:
        yield partial(_encoded, fields, [(f"more{n}", "") for n in range(MANY)])


def _texts(text: str) -> Iterator[Later[str]]:
    """What a text becomes."""
    yield from (partial(str, one) for one in TEXTS)
    within = tree_of(text.encode("utf-8", "replace"))
    if within is not None:
        yield from (partial(_worded, change) for change in _trees(within))


def _trees(tree: Any) -> Iterator[Later[Any]]:
    """What a tree of JSON becomes, one place changed at a time."""
    for path, value in _places(tree):
        others: Iterable[Later[Any]] = ()
        if isinstance(value, str):
            others = _texts(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            others = (partial(_same, number) for number in NUMBERS)
        elif isinstance(value, list) and value:
            others = (partial(_same, other) for other in (value * MANY, [None, *value], [value]))
        for other in others:
            yield partial(_put, tree, path, other)


def _markup(text: str) -> Iterator[Later[bytes]]:
    for said in _SAID.finditer(text):
        begin, end = said.span(said.lastindex or 0)
        for other in TEXTS:
            yield partial(_replaced, text, begin, end, other, 1)
    for element in _ELEMENT.finditer(text):
        begin, end = element.span()
        for times in (0, 2, MANY):
            yield partial(_replaced, text, begin, end, element[0], times)
    yield partial(_octets, ENTITIES + text)


def _places(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, tree
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, child in children:
        yield from _places(child, (*path, step))


def _put(tree: Any, path: Path, value: Later[Any]) -> Any:
    """A copy with another value at a place."""
    if not path:
        return value()
    copy: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = _put(copy[path[0]], path[1:], value)
    return copy


def _same(value: Any) -> Any:
    return value


def _worded(change: Later[Any]) -> str:
    return json.dumps(change())


def _dumped(change: Later[Any]) -> bytes:
    return _worded(change).encode()


def _said(before: Pairs, name: str, told: Later[str], after: Pairs) -> bytes:
    return _encoded(before, [(name, told())], after)


def _encoded(*fields: Pairs) -> bytes:
    return urlencode([pair for pairs in fields for pair in pairs], errors="surrogatepass").encode()


def _replaced(text: str, begin: int, end: int, other: str, times: int) -> bytes:
    return _octets(text[:begin] + other * times + text[end:])


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
