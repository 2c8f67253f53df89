"""A store whose clock the test sets, with one connector and an inbox as the test wants it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.base import Tools
from connectors.kit.config import PluginConfig
from connectors.kit.http import Http
from gateway.api.conversations import Change
from gateway.api.conversations import change as change_conversations
from gateway.api.shapes import ConversationChange
from gateway.arrival import Place, Recorded
from gateway.live import LiveConnector
from gateway.record.arrivals import record
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask
from gateway.service.due import Alarm, Late, ring
from gateway.settings.model import Connector
from gateway.store.engine import transactions_of
from gateway.store.memory import Memory
from gateway.store.transaction import Transaction
from normalizer.commands import SendMessage
from normalizer.inbound import Inbound
from normalizer.model import Author, AuthorKind, Inbox
from tests.record.conftest import Store, said
from tests.send.conftest import Scripted

SATURDAY = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""
ADA = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")
WAITS = ("reply.", "emergency.")


class Shop(Store):
    """Everything written happens at `now`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.now = SATURDAY
        self.serve()

    def serve(self, **more: Any) -> None:
        """An inbox of these settings, from now on."""
        self.place = Place("support", "pigeon", "pigeon", Inbox(id="main", **more))
        tools = Tools(connector="support", http=Http("support"))
        settings = Connector(name="support", plugin="scripted", inbox="main", config=PluginConfig())
        live = LiveConnector(settings, self.place, Scripted(tools), tools.http, "")
        self.connectors = {"support": live}

    def write(self, apply: Any, *items: Any, statements: list[str] | None = None) -> Sequence[Any]:
        """One transaction, as the writer has it, at `now`."""
        transactions = transactions_of(self.engine)
        transactions: Any = transactions_of(self.engine)
        transactions.open()
        if statements is not None:
            transactions._driver.set_trace_callback(statements.append)
        transaction = Transaction(transactions.begin(alone=True), self.now, Memory())
        results = apply(transaction, items)
        transaction.flush()
        transactions.commit(transaction)
        transactions.tell(transaction, lambda: None)
        if statements is not None:
            transactions._driver.set_trace_callback(None)
        transactions.close()
        return results  # type: ignore[no-any-return]

    def record(self, *items: Inbound, place: Place | None = None) -> Recorded:
        (recorded,) = self.write(record, self.arrival(*items, place=place))
        return recorded  # type: ignore[no-any-return]

    def hear(self, text: str = "hello", n: int = 1, **more: Any) -> None:
        """The customer writes."""
        self.record(said(text, n, **more))

    def say(self, text: str = "hi", author: Author = ADA, **more: Any) -> Accepted:
        """Somebody writes to the customer."""
        command = SendMessage(conversation_id=self.conversation_id, text=text, author=author, **more)
        (accepted,) = self.write(accept, Ask("principal", ADA, command, self.connectors))
        assert isinstance(accepted, Accepted), accepted
        return accepted

    def change(self, **values: Any) -> None:
        """An agent changes the conversation."""
        self.write(change_conversations, Change(self.conversation_id, ConversationChange(**values)))

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def ring(self) -> list[Alarm]:
        """Runs the timers that are due, as the clock does."""
        due = self.rows("SELECT subject FROM timers WHERE kind = 'reply' AND due_at <= ?", us(self.now))
        return [alarm for (subject,) in due for alarm in self.write(ring, Late(subject, self.connectors)) if alarm]

    @property
    def conversation_id(self) -> str:
        return str(self.rows("SELECT id FROM conversations ORDER BY number")[0][0])

    def waits(self) -> list[tuple[str, dict[str, Any]]]:
        """The events of the service clock, as type and data."""
        names = [(event["type"].removeprefix("onethread.").removesuffix(".v1"), event) for event in self.events()]
        return [(name, event["data"]) for name, event in names if name.startswith(WAITS)]

    def due(self) -> str | None:
        """Until when an answer is due, by the newest event that tells the whole conversation or the table."""
        ((due_at,),) = self.rows("SELECT reply_due_at FROM conversations")
        return None if due_at is None else zulu(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=due_at))

    def told(self) -> list[str]:
        """What the inbox said by itself."""
        created = [event["data"]["message"] for event in self.events() if "message.created" in event["type"]]
        return [message["text"] for message in created if message["purpose"] == "auto"]


def us(time: datetime) -> int:
    return int(time.timestamp()) * 1_000_000 + time.microsecond


def zulu(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()
