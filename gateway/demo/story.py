"""What happens: the customer writes on every channel, proves who they are, and is answered on each."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import msgspec

from connectors.kit.acting import SECONDS, Actor, until
from gateway.cli.output import one_line
from gateway.demo.stage import Api, NotPlayed, Stage
from gateway.telling import words
from normalizer.events import short_type

ANSWER = "Thank you, Ana: it comes tomorrow. (by {connector})"
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
WAIT = 10
"""Seconds of one look at the feed."""
SENT = frozenset({"accepted", "delivered", "read"})
Event = dict[str, Any]
Show = Callable[[str], None]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and whether it arrived where it was meant to."""

    connector: str
    text: str
    status: str
    heard: bool
    why: str


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the hub at the end."""

    contacts: int
    identities: int
    conversations: int
    messages: int
    replies: tuple[Reply, ...]

    def good(self, cast: Sequence[Actor[Any]]) -> bool:
        """One person with an identity for each channel, one conversation, and each channel answered on."""
        one = (self.contacts, self.identities, self.conversations) == (1, len(cast), 1)
        arrived = [reply.connector for reply in self.replies if reply.heard and reply.status in SENT]
        return one and arrived == [actor.connector for actor in cast]


@dataclass
class Story:
    stage: Stage
    show: Show
    position: str = ""
    read: deque[Event] = field(default_factory=deque)
    """Events that were read and not followed yet."""
    contacts: set[str] = field(default_factory=set)
    conversations: set[str] = field(default_factory=set)
    messages: int = 0

    @property
    def api(self) -> Api:
        return self.stage.api

    def play(self) -> Ending:
        """All of it. Raises NotPlayed, NotTaken, TimeoutError."""
        authors = {actor.connector: self._write(actor) for actor in self.stage.actors}
        first = next(iter(authors.values()))
        for actor in self.stage.actors:
            if (other := authors[actor.connector]) != first:
                self._prove(actor, other)
        [conversation] = self.conversations
        replies = tuple(self._answer(actor, conversation) for actor in self.stage.actors)
        found = self.api.get(f"/v1/contacts/{first}")
        return Ending(
            contacts=len(self.contacts),
            identities=len(found["identities"]),
            conversations=len(self.conversations),
            messages=self.messages,
            replies=replies,
        )

    def follow(self) -> Iterator[Event]:
        """The feed as it grows, each event shown; ends when nothing came for a while."""
        while True:
            while self.read:
                event = self.read.popleft()
                self._note(event)
                yield event
            page = self.api.get("/v1/events", after=self.position, limit=100, wait=WAIT)
            self.position = page["next"]
            if not page["events"]:
                return
            self.read.extend(page["events"])

    def _write(self, actor: Actor[Any]) -> str:
        """The customer writes there; whom the hub takes them for."""
        actor.say(actor.line)
        event = self._until(
            lambda event: event["type"] == "message.received" and event["connector"] == actor.connector,
            f"a message through {actor.connector}",
        )
        return str(event["data"]["contact"]["id"])

    def _prove(self, actor: Actor[Any], contact: str) -> None:
        """A code goes to the address the customer is known by, and comes back from where they are not known yet."""
        mailbox = next(other for other in self.stage.actors if other.connector == "mail")
        role = actor.scene.role
        self.show(f"  -- {actor.connector} is somebody else so far: a code goes to {role.email}, and comes back --")
        self.api.post(f"/v1/contacts/{contact}/links", {"address": role.email, "connector": mailbox.connector})
        [code] = until(lambda: [found[0] for text in mailbox.heard() if (found := CODE.search(text))] or None, "a code")
        actor.say(code)
        self._until(lambda event: event["type"] == "contact.merged", "a merge")
        self._until(lambda _: len(self.conversations) == 1, "one conversation", at_once=True)

    def _answer(self, actor: Actor[Any], conversation: str) -> Reply:
        text = ANSWER.format(connector=actor.connector)
        route = self._route(actor)
        made = self.api.post("/v1/messages", {"conversation_id": conversation, "route_id": route, "text": text})
        message_id = made["message"]["id"]
        event = self._until(
            lambda event: (
                event["type"] == "delivery.updated"
                and event["data"]["delivery"]["message_id"] == message_id
                and event["data"]["delivery"]["status"] not in ("queued", "sending")
            ),
            f"an outcome through {actor.connector}",
        )
        delivery = event["data"]["delivery"]
        return Reply(
            connector=event["connector"],
            text=text,
            status=delivery["status"],
            heard=_heard(actor, text),
            why=delivery["why"],
        )

    def _route(self, actor: Actor[Any]) -> str:
        [contact] = self.contacts
        routes = self.api.get(f"/v1/contacts/{contact}")["routes"]
        return next(str(route["id"]) for route in routes if route["connector_id"] == actor.connector)

    def _until(self, is_it: Callable[[Event], bool], what: str, *, at_once: bool = False) -> Event:
        """The event waited for. Raises NotPlayed."""
        if at_once and is_it({}):
            return {}
        ends = monotonic() + SECONDS
        for event in self.follow():
            if is_it(event):
                return event
            if monotonic() > ends:
                break
        raise NotPlayed(f"{what} did not come")

    def _note(self, event: Event) -> None:
        type_ = event["type"] = short_type(event["type"])
        subject = event["subject"]
        match type_:
            case "contact.created":
                self.contacts.add(subject)
            case "contact.merged":
                self.contacts.discard(event["data"]["merged"]["id"])
            case "conversation.opened":
                self.conversations.add(event["source"].rpartition("/")[2])
            case "conversation.merged":
                self.conversations.discard(event["source"].rpartition("/")[2])
            case "message.received" | "message.created":
                self.messages += 1
        said = words(type_, json.dumps(event["data"]).encode())
        self.show(f"{event['time'][11:19]}  {type_:<22} {event.get('connector') or '-':<17} {one_line(said)}")


def _heard(actor: Actor[Any], text: str) -> bool:
    """Whether it reaches the customer there, now or soon."""
    with suppress(TimeoutError):
        return until(lambda: any(text in said for said in actor.heard()) or None, "an answer", seconds=5.0)
    return False
