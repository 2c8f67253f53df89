"""Damage: requests that differ from a genuine one as accidents and ill will make them differ."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import strategies as st

from connectors.kit.request import MAX_FIELDS, Request

DEPTH = 100_000
RAW: dict[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "nought": b"0",
    "negative": b"-1",
    "fraction": b"0.5",
    "huge": b"1" * 400,
    "beyond": b"1e400",
    "past_year_9999": b"999999999999",
    "empty": b'""',
    "word": b'"word"',
    "long": b'"' + b"x" * 70_000 + b'"',
    "nul": b'"\\u0000"',
    "surrogate": b'"\\ud800"',
    "not_utf8": b'"\xff\xfe"',
    "list": b"[]",
    "object": b"{}",
    "deep": b"[" * DEPTH + b"]" * DEPTH,
}
"""Values as JSON text, by what is wrong with them; some cannot be written by a JSON library."""
_HOLE = "\ue000hole\ue000"
_GONE = object()
PLACES = 200
"""Values of one body tried in turn; bodies with more are left to chance for the rest."""

Path = tuple[str | int, ...]


def swapped_bodies(request: Request) -> Iterator[Request]:
    """Every value of a JSON body replaced by every value of `RAW`, and left out; nothing for other bodies."""
    tree = tree_of(request.body)
    if tree is None:
        return
    for path in _paths(tree)[:PLACES]:
        before, _, after = _dumped(_put(tree, path, _HOLE)).partition(f'"{_HOLE}"'.encode())
        for raw in RAW.values():
            yield replace(request, body=before + raw + after)
        if path:
            yield replace(request, body=_dumped(_put(tree, path, _GONE)))


def unread_queries(request: Request) -> Iterator[Request]:
    """Queries that nobody can read: not UTF-8, and of too many fields."""
    base = request.url.partition("?")[0]
    for query in ("a=%ff", "&".join("a" for _ in range(MAX_FIELDS + 1))):
        yield replace(request, url=f"{base}?{query}")


def damaged_requests(request: Request) -> st.SearchStrategy[Request]:
    """Truncated, with flipped octets, with several values swapped, with other headers or query."""
    kinds = [_bodies(request), _headers(request), _queries(request)]
    return st.one_of(kinds)


def _bodies(request: Request) -> st.SearchStrategy[Request]:
    body, tree = request.body, tree_of(request.body)
    end = len(body)
    kinds: list[st.SearchStrategy[bytes]] = [
        st.integers(0, end).map(lambda cut: body[:cut]),
        st.lists(st.tuples(st.integers(0, max(end - 1, 0)), st.integers(1, 255)), min_size=1, max_size=8).map(
            lambda flips: _flipped(body, flips)
        ),
        st.sampled_from([body + body, body.decode("utf-8", "replace").encode("utf-16"), *RAW.values()]),
        st.binary(max_size=200),
    ]
    if tree is not None:
        swaps = st.lists(st.tuples(st.sampled_from(_paths(tree)), st.sampled_from(sorted(RAW))), min_size=2, max_size=4)
        kinds.append(swaps.map(lambda chosen: _swapped(tree, chosen)))
    fields = _fields(body)
    if fields and tree is None:
        kinds.append(st.lists(st.sampled_from(fields), max_size=len(fields)).map(lambda kept: urlencode(kept).encode()))
        kinds.append(
            st.tuples(st.sampled_from(fields), st.text(max_size=50)).map(
                lambda chosen: urlencode(
                    [(key, chosen[1] if key == chosen[0][0] else value) for key, value in fields]
                ).encode()
            )
        )
    return st.one_of(kinds).map(lambda damaged: replace(request, body=damaged))


def _headers(request: Request) -> st.SearchStrategy[Request]:
    names = sorted(request.headers) or ["content-type"]
    values = st.one_of(st.none(), st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60))
    changes = st.dictionaries(st.sampled_from(names), values, min_size=1, max_size=3)

    def changed(change: dict[str, str | None]) -> Request:
        merged = {**request.headers, **change}
        return replace(request, headers={name: value for name, value in merged.items() if value is not None})

    return changes.map(changed)


def _queries(request: Request) -> st.SearchStrategy[Request]:
    base = request.url.partition("?")[0]
    letters = st.characters(min_codepoint=33, max_codepoint=126)
    return st.text(letters, max_size=60).map(lambda query: replace(request, url=f"{base}?{query}"))


def _flipped(body: bytes, flips: Sequence[tuple[int, int]]) -> bytes:
    damaged = bytearray(body)
    for place, bits in flips:
        if place < len(damaged):
            damaged[place] ^= bits
    return bytes(damaged)


def _swapped(tree: Any, chosen: Sequence[tuple[Path, str]]) -> bytes:
    body = tree
    for path, name in chosen:
        if path and _reachable(body, path):
            body = _put(body, path, f"{_HOLE}{name}")
    return _filled(_dumped(body))


def _filled(text: bytes) -> bytes:
    for name, raw in RAW.items():
        text = text.replace(f'"{_HOLE}{name}"'.encode(), raw)
    return text


def _dumped(tree: Any) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _put(tree: Any, path: Path, value: Any) -> Any:
    """Another tree, which shares with this one what is not on the way."""
    if not path:
        return value
    step, *rest = path
    copy = tree.copy()
    if value is _GONE and not rest:
        del copy[step]
    else:
        copy[step] = _put(tree[step], tuple(rest), value)
    return copy


def _reachable(tree: Any, path: Path) -> bool:
    for step in path:
        steps = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
        if step not in steps:
            return False
        tree = tree[step]
    return True


def _paths(tree: Any, path: Path = ()) -> list[Path]:
    children: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(tree, dict):
        children = iter(tree.items())
    elif isinstance(tree, list):
        children = iter(enumerate(tree))
    return [path, *(deeper for step, child in children for deeper in _paths(child, (*path, step)))]


def tree_of(body: bytes) -> Any:
    """What a JSON text holds that may hold several values; None for any other."""
    try:
        tree = json.loads(body)
    except ValueError:
        return None
    return tree if isinstance(tree, dict | list) else None


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return []
