"""One socket or stream, as the audience knows it."""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterable

from connectors.kit.chat import Caller
from gateway.board import Seat
from gateway.live import LiveConnector
from gateway.web.chat.frames import Told
from gateway.web.chat.languages import Languages
from gateway.web.chat.lines import Line
from gateway.web.chat.view import NOTHING, Cursor, View


class Client:
    """One socket or stream of a caller."""

    __slots__ = (
        "after",
        "behind",
        "caller",
        "connector",
        "expires_at",
        "heard_at",
        "languages",
        "line",
        "lost",
        "news",
        "pending",
        "task",
        "told_from",
        "view",
    )

    def __init__(
        self,
        connector: LiveConnector,
        caller: Caller,
        line: Line,
        after: Cursor | None,
        languages: Languages = (),
    ) -> None:
        self.connector = connector
        self.caller = caller
        self.line = line
        self.after = after
        """What it has."""
        self.languages = languages
        """In which it is spoken to."""
        self.news: tuple[object, ...] = ()
        """Of the inbox, as it was told last."""
        self.view: View = NOTHING
        self.behind = True
        """It has to read the store before it is told more."""
        self.lost = True
        """The reader does not tell it anything until then."""
        self.told_from = 0
        """From which position on the reader tells it everything."""
        self.pending: deque[Told] = deque()
        self.task: asyncio.Task[None] | None = None
        self.heard_at: float | None = None
        """When it last said something, on the loop's clock; None where it has no way to."""
        self.expires_at = 0.0
        """When its token does, on the loop's clock."""

    @property
    def seat(self) -> Seat:
        return Seat(self.connector.id, self.caller.address)

    def concerns(self, view: View | None = None) -> Iterable[Hashable]:
        """What of an event concerns it; with this view, where one is given."""
        view = view or self.view
        return (self.seat, *view.contacts, *view.conversations)
