"""One request to what the hub records, by a declaration. Pure."""

import codecs
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connectors.kit.declared import xml_tree
from connectors.kit.declared.fields import Scope
from connectors.kit.declared.kinds import KINDS, Becomes, Tables
from connectors.kit.declared.language import Channel, Receive
from connectors.kit.declared.meanings import Codes
from connectors.kit.declared.misworded import Misworded
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.errors import BadPayload
from connectors.kit.request import MAX_FIELDS, Request, decode
from normalizer.inbound import Inbound, Unreadable
from normalizer.status import Status

MOST_ITEMS: Final = 1000
IGNORED: Final = "ignored"
_JSON: Final = msgspec.json.Decoder(Any)


class Reading:
    """What a declaration makes of requests. Raises ValueError where the declaration cannot work."""

    def __init__(self, channel: Channel) -> None:
        self._receive = channel.receive
        if not _known(channel.receive.charset):
            raise Misworded("no character set", channel.receive.charset)
        self._items = Path(channel.receive.items)
        codes, fetches = Codes(channel.errors), channel.fetch is not None
        tables = Tables(channel.scheme, _words(channel.receive), _statuses(channel), codes, fetches)
        self._kinds: Sequence[tuple[Path, Becomes]] = [
            (Path(kind.when), KINDS[type(kind)](kind, tables)) for kind in channel.receive.kinds
        ]

    def parse(self, request: Request) -> list[Inbound]:
        """Raises BadPayload where nothing of it can be read; an item that cannot is Unreadable by itself."""
        if request.method not in self._receive.methods:
            raise BadPayload("a method that is not declared")
        query = fields_of(self._pairs(urlsplit(request.url).query))
        return self.read(self._body(request, query), query, request.received_at)

    def read(self, body: Any, query: Mapping[str, Any], received_at: datetime) -> list[Inbound]:
        """The same of a body that paths can look at. Raises BadPayload."""
        found = self._items(bounded(body))
        items = found if isinstance(found, list) else [found]
        if found is None or len(items) > MOST_ITEMS:
            raise BadPayload("no items" if found is None else f"more than {MOST_ITEMS} items")
        return [each for item in items for each in self._item(Scope(item, body, query), received_at)]

    def _item(self, scope: Scope, received_at: datetime) -> Sequence[Inbound]:
        try:
            become = next((become for when, become in self._kinds if when.holds(scope.item)), None)
            if become is None:
                raise BadPayload("of no declared kind")
            return become(scope, received_at)
        except BadPayload as error:
            slice_ = msgspec.json.encode(scope.item)
            key = f"unreadable:{sha256(slice_).hexdigest()[:32]}"
            return [Unreadable(key=key, slice=slice_, reason=error.detail)]

    def _body(self, request: Request, query: Mapping[str, Any]) -> Any:
        if self._receive.body == "json":
            return decode(request.body, _JSON)
        if self._receive.body == "xml":
            return xml_tree.read(request.body)
        if request.method == "GET":
            return query
        if not request.body.isascii():  # a form writes everything else with percent signs
            raise BadPayload("not a form: octets beyond ASCII")
        return fields_of(self._pairs(request.body.decode()))

    def _pairs(self, text: str) -> list[tuple[str, str]]:
        try:
            return parse_qsl(
                text,
                keep_blank_values=True,
                max_num_fields=MAX_FIELDS,
                encoding=self._receive.charset,
                errors="strict",
            )
        except ValueError as error:
            raise BadPayload(f"not a form: {error}") from error


def _known(charset: str) -> bool:
    try:
        return bool(codecs.lookup(charset))
    except (LookupError, ValueError):
        return False


def fields_of(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The first of each name, but all of a name that ends in `[]`."""
    lists = {name: [value for other, value in pairs if other == name] for name, _ in pairs if name.endswith("[]")}
    return {**dict(reversed(pairs)), **lists}


def _words(receive: Receive) -> dict[str, Any]:
    return {word.upper(): state for state, words in receive.words.items() for word in words}


def _statuses(channel: Channel) -> dict[str, Status | None]:
    return {
        str(word): None if status == IGNORED else Status(status)
        for status, words in channel.statuses.items()
        for word in words
    }
