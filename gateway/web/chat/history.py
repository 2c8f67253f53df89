"""What a client reads of the store: the newest page, what is older, and what it missed."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from connectors.kit.chat import Caller
from gateway.api.queries import CREATED, Rows, snapshot
from gateway.arrival import Place
from gateway.store.histories import TABLES
from gateway.store.transaction import listed
from gateway.web.chat.frames import History, MessageShown, ReactionShown, Told, told
from gateway.web.chat.seen import seen_of
from gateway.web.chat.showing import SHOWN, Shower, files_of, read_event, whose
from gateway.web.chat.view import Cursor, Span, View, view_of

PAGE = 50
MOST_PAGE = 100
MISSED = 200
"""Events a client that comes back is told one by one; who missed more gets the newest page anew."""
PAGE_OCTETS = 1 << 20
"""No page grows much beyond this; what was left out is older."""
END = 1 << 62


class Caught(NamedTuple):
    """What brings a client up to `seen`."""

    view: View
    seen: int
    frames: Sequence[Told]


class Archive:
    """The histories of one connector's clients. Blocks: belongs into a thread."""

    def __init__(self, engine: Engine, place: Place, link: Callable[[str], str]) -> None:
        self._engine = engine
        self._place = place
        self._link = link

    def catch_up(self, caller: Caller, after: Cursor | None) -> Caught:
        """All that happened since, or the newest page where that cannot be told one by one."""
        with snapshot(self._engine) as rows:
            newest: int = rows.one("SELECT max(position) FROM events")[0] or 0  # type: ignore[index]  # one row, always
            view = view_of(rows, self._place, caller)
            shower = Shower(rows, self._place, caller, view, self._link)
            frames: list[Told]
            positions = _since(rows, view, after.position) if after and _known(rows, view, after) else None
            if positions is None or len(positions) > MISSED:
                messages, older = self._page(rows, shower, END, PAGE, None)
                page = History(
                    messages=messages,
                    older=older,
                    reset=True,
                    cursor=view.cursor(newest),
                    read_up_to=seen_of(rows, view),
                )
                frames = [told(page, newest)]
            else:
                frames = shower.frames([read_event(*row) for row in _events(rows, positions)])
        return Caught(view, newest, frames)

    def older(self, caller: Caller, before: int, limit: int, conversation: str | None) -> History | None:
        """A page of messages before a position; None for a conversation that is not theirs."""
        with snapshot(self._engine) as rows:
            view = view_of(rows, self._place, caller)
            if conversation is not None and conversation not in view.conversations:
                return None
            shower = Shower(rows, self._place, caller, view, self._link)
            messages, more = self._page(rows, shower, before, limit, conversation)
            seen = seen_of(rows, view)
            return History(messages=messages, older=more, reset=False, cursor=None, read_up_to=seen)

    def shows_file(self, caller: Caller, message_id: str, attachment_id: str) -> bool:
        """Whether a message they can see has this file."""
        with snapshot(self._engine) as rows:
            shower = Shower(rows, self._place, caller, view_of(rows, self._place, caller), self._link)
            message = shower.messages([message_id]).get(message_id)
        return message is not None and attachment_id in files_of(message)

    def _page(
        self, rows: Rows, shower: Shower, before: int, limit: int, conversation: str | None
    ) -> tuple[list[MessageShown], str | None]:
        """Oldest first, and before what to read on."""
        spans = shower.view.conversations
        wanted = list(spans.values()) if conversation is None else [spans[conversation]]
        found = _newest(rows, shower.view, wanted, before, limit + 1)
        page = found[:limit]
        reactions = _reactions(rows, wanted, page[-1][0]) if page else {}
        messages = shower.messages([id_ for _, id_ in page], reactions)
        kept: list[MessageShown] = []
        octets, last = 0, 0
        for position, id_ in page:
            if message := messages.get(id_):
                octets += len(message.text)
                kept.append(message)
            last = position
            if octets > PAGE_OCTETS:
                break
        more = len(found) > limit or octets > PAGE_OCTETS
        return kept[::-1], str(last) if more else None


def _newest(rows: Rows, view: View, spans: Sequence[Span], before: int, limit: int) -> list[tuple[int, str]]:
    """Position and id of the newest messages before a position that can be seen, newest first."""
    found: list[tuple[int, str]] = []
    for span in sorted(spans, key=lambda span: span.newest, reverse=True):
        if len(found) == limit and span.newest < found[-1][0]:
            break
        for table in reversed(TABLES):  # the tail is newer
            found += rows.all(_CREATED_IN[table], span.number, before, view.whole, listed(view.routes), limit)
        found = sorted(found, reverse=True)[:limit]
    return found


def _known(rows: Rows, view: View, after: Cursor) -> bool:
    """Whether the client can have it from this store, and sees now what it saw then. After a restore a cursor may be of
    what is no more."""
    there = after.position == 0 or rows.one("SELECT 1 FROM events WHERE position = ?", after.position) is not None
    return there and after.tag == view.tag(after.position)


def _since(rows: Rows, view: View, after: int) -> list[int]:
    """Positions of what is told, newer than one; one more than MISSED where there are too many."""
    found: list[int] = []
    for span in view.conversations.values():
        if span.newest > after and len(found) <= MISSED:
            for table in TABLES:
                found += (position for (position,) in rows.all(_TOLD_IN[table], span.number, after, MISSED + 1))
    return sorted(found)


def _events(rows: Rows, positions: Sequence[int]) -> list[tuple[int, str, bytes]]:
    sql = "SELECT position, type, body FROM events WHERE position IN (SELECT value FROM json_each(?)) ORDER BY 1"
    return rows.all(sql, listed(positions))


def _reactions(rows: Rows, spans: Sequence[Span], oldest: int) -> dict[str, list[ReactionShown]]:
    """Those that stand on the messages since a position, by message."""
    standing: dict[str, dict[tuple[str, str | None, str | None], ReactionShown]] = {}
    for span in spans:
        if span.newest >= oldest:
            told = (row for table in TABLES for row in rows.all(_REACTIONS_IN[table], span.number, oldest))
            for _, type_, message_id, reaction, kind, author in sorted(told):
                on_it = standing.setdefault(message_id, {})
                if type_ == "reaction.added":
                    on_it[reaction, kind, author] = ReactionShown(reaction, whose(kind))
                else:
                    on_it.pop((reaction, kind, author), None)
    return {message_id: list(on_it.values()) for message_id, on_it in standing.items()}


def _quoted(types: Sequence[str]) -> str:
    return ", ".join(f"'{type_}'" for type_ in types)


_EVENT = "FROM {0} h CROSS JOIN events e ON e.position = h.position"
_CREATED_IN = {
    table: (
        f"SELECT h.position, m.id {_EVENT.format(table)} CROSS JOIN message_heads m ON m.id = e.subject"
        f" WHERE h.conversation = ? AND h.position < ? AND e.type IN ({_quoted(CREATED)})"
        " AND m.route_id IS NOT NULL AND (? OR m.route_id IN (SELECT value FROM json_each(?)))"
        " ORDER BY h.sequence DESC LIMIT ?"
    )
    for table in TABLES
}
_TOLD_IN = {
    table: (
        f"SELECT h.position {_EVENT.format(table)} WHERE h.conversation = ? AND h.position > ?"
        f" AND e.type IN ({_quoted(list(SHOWN))}) ORDER BY h.sequence DESC LIMIT ?"
    )
    for table in TABLES
}
_REACTION = ", ".join(f"CAST(e.body AS TEXT) ->> '$.data.{name}'" for name in ("reaction", "author_kind", "author"))
_REACTIONS_IN = {
    table: (
        f"SELECT h.position, e.type, e.subject, {_REACTION}"
        f" {_EVENT.format(table)} WHERE h.conversation = ? AND h.position > ?"
        " AND e.type IN ('reaction.added', 'reaction.removed')"
    )
    for table in TABLES
}
