"""What one would write first, to measure the hub against: an ORM commit and a confirmed publish in each request.

It does what the hub promises of a message, plainly: refuse the duplicate, number within the conversation, keep it
durably, tell the bus. SQLite as the hub sets it up (WAL, each commit synced), RabbitMQ with a quorum queue.
"""

import hmac
import json
import os
import threading
from typing import Any

from flask import Flask, Response, request
from kombu import Connection, Producer
from sqlalchemy import ForeignKey, create_engine, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.broker import URL

SECRET = os.environ["BENCH_SECRET"].encode()
STORE, QUEUE = os.environ["BENCH_STORE"], os.environ["BENCH_QUEUE"]
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000")


class Base(DeclarativeBase):
    pass


class Conversation(Base):
    __tablename__ = "conversations"
    id: Mapped[int] = mapped_column(primary_key=True)
    chat: Mapped[int] = mapped_column(unique=True)
    sequence: Mapped[int] = mapped_column(default=0)


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    sequence: Mapped[int]
    key: Mapped[str] = mapped_column(unique=True)
    author: Mapped[str]
    text: Mapped[str]
    raw: Mapped[str]


app = Flask(__name__)
engine = create_engine(STORE)
mine = threading.local()


@event.listens_for(engine, "connect")
def prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(engine, "begin")
def begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # a deferred one could not upgrade beside another writer


Base.metadata.create_all(engine)


@app.post("/in/bench")
def take() -> Response:
    presented = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "").encode()
    if not hmac.compare_digest(SECRET, presented):
        return Response(status=403)
    body = request.get_data(as_text=True)
    said = json.loads(body)["message"]
    chat = said["chat"]["id"]
    with Session(engine) as session:
        conversation = session.scalar(select(Conversation).where(Conversation.chat == chat))
        if conversation is None:
            session.add(conversation := Conversation(chat=chat, sequence=0))
            session.flush()
        conversation.sequence += 1
        message = Message(
            conversation_id=conversation.id,
            sequence=conversation.sequence,
            key=f"{said['message_id']}:{chat}",
            author=said["from"]["first_name"],
            text=said["text"],
            raw=body,
        )
        session.add(message)
        try:
            session.commit()
        except IntegrityError:
            return Response(status=200)  # it was here before
        told = {"id": message.id, "conversation": chat, "sequence": message.sequence, "text": message.text}
    producer().publish(told, exchange="", routing_key=QUEUE, serializer="json", delivery_mode=2, mandatory=True)
    return Response(status=200)


def producer() -> Producer:
    """The thread's own: neither a channel nor its confirms are shared."""
    if not hasattr(mine, "producer"):
        connection = Connection(URL, transport_options={"confirm_publish": True})
        mine.producer = Producer(connection.channel())
    return mine.producer  # type: ignore[no-any-return]
