"""`onethread tail`: the feed as it grows, read straight from the store."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config, Json, load_settings
from gateway.cli.output import Exit, Failure, one_line
from gateway.cli.stores import conversation_id, opened

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.feed import Feed
    from gateway.recent import Item
    from gateway.telling import Heard

LOOK_EVERY = 0.1
"""Seconds. Another process writes, and SQLite calls nobody."""
PAGE = 500
LAST = 10
"""Events shown at first, unless told where to begin."""
NOW = "now"


def tail(
    after: Annotated[
        str | None, typer.Option(metavar="POSITION|now", help=f"Begin after it; otherwise {LAST} events ago.")
    ] = None,
    types: Annotated[str, typer.Option(help="Short names or patterns, by comma: message.*,*.updated")] = "",
    conversation: Annotated[str | None, typer.Option(metavar="ID|#NUMBER", help="Only this conversation.")] = None,
    connector: Annotated[str | None, typer.Option(metavar="NAME", help="Only what came or left through it.")] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for more, until Ctrl-C.")] = True,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Print events as they come: a line each, or with --json the CloudEvent. Times are UTC; #12/3 says conversation 12,
    sequence 3."""
    with opened(load_settings(config)) as engine:
        from gateway.feed import Feed

        feed = Feed(engine)
        wanted = [name.strip() for name in types.split(",") if name.strip()]
        only = None if conversation is None else conversation_id(engine, conversation)
        show = _Shown(engine, connector, as_json=as_json)
        try:
            for item in _events(feed, _start(engine, feed, after, only), wanted, only, follow=follow):
                show(item)
        except KeyboardInterrupt:
            return


def _start(engine: "Engine", feed: "Feed", after: str | None, conversation: str | None) -> int:
    from gateway.feed import PositionGone

    with engine.connect() as connection:
        newest = connection.exec_driver_sql("SELECT max(position) FROM events").scalar() or 0
    if after is None:
        first = _nearly_newest(feed, newest, conversation) if conversation else feed.back(LAST)
        return max(first, feed.oldest() - 1 if newest else 0)
    if after == NOW:
        return int(newest)
    if not (after.isascii() and after.isdecimal() and len(after) <= len(str(2**63)) - 1):
        raise Failure(f"--after takes a position or {NOW}", Exit.USAGE)
    try:
        feed.vouch(int(after))
    except PositionGone as error:
        raise Failure(str(error)) from error
    return int(after)


def _nearly_newest(feed: "Feed", newest: int, conversation: str) -> int:
    """The position before the last few events of a conversation."""
    low, high = feed.oldest() - 2, newest  # no more than LAST events follow `high`; more, or too old to read, `low`
    while high - low > 1:
        middle = (low + high) // 2
        more = len(feed.read(middle, LAST + 1, None, conversation)) > LAST
        low, high = (middle, high) if more else (low, middle)
    return high


def _events(feed: "Feed", after: int, types: list[str], conversation: str | None, *, follow: bool) -> "Iterator[Item]":
    """Raises Failure for a type or position that is none."""
    import time

    from gateway.feed import PositionGone, UnknownType

    while True:
        try:
            page = feed.page(after, PAGE, types, conversation)
        except UnknownType as error:
            raise Failure(str(error), Exit.USAGE) from error
        except PositionGone as error:
            raise Failure(str(error)) from error
        yield from page.items
        after = page.seen
        if page.complete and not follow:
            return
        if page.complete:
            time.sleep(LOOK_EVERY)


class _Shown:
    """Prints events, and knows the numbers of the conversations they belong to."""

    def __init__(self, engine: "Engine", connector: str | None, *, as_json: bool) -> None:
        self._engine = engine
        self._connector = connector
        self._as_json = as_json
        self._numbers: dict[str, int | None] = {}

    def __call__(self, item: "Item") -> None:
        from gateway.telling import Heard
        from normalizer.codec import decoder

        event = decoder(Heard).decode(item.event)
        if self._connector in (None, event.connector):
            print(item.event.decode() if self._as_json else self._line(item.type, event), flush=True)

    def _line(self, type_: str, event: "Heard") -> str:
        from gateway.telling import words

        said = one_line(words(type_, event.data))
        line = f"{event.time:%H:%M:%S} {type_:<20}  {event.connector or '-'}  {said}"
        return f"{line}   {self._place(event)}".rstrip()

    def _place(self, event: "Heard") -> str:
        kind, _, id_ = event.source.strip("/").partition("/")
        if kind != "conversations" or event.sequence is None:
            return ""
        if id_ not in self._numbers:
            with self._engine.connect() as connection:
                sql = "SELECT number FROM conversations WHERE id = ?"
                self._numbers[id_] = connection.exec_driver_sql(sql, (id_,)).scalar()
        return f"#{self._numbers[id_]}/{int(event.sequence)}"
