"""Where a caller goes next. Pure: the request and the configuration decide, and nothing is remembered."""

import re
from dataclasses import dataclass
from typing import Final

from connectors.channels.twilio_voice.asked import SID, Asked, On
from connectors.channels.twilio_voice.config import Config
from connectors.channels.twilio_voice.steps import Callback, Dial, Hangup, Menu, Queue, Room, Step, Voicemail
from normalizer.hours import is_open
from normalizer.parts import CallStatus

MOST_DETOURS: Final = 8
"""Steps that stand in for another out of hours, one after the other."""
TALKED: Final = frozenset({"completed", "answered"})
STATUS: Final[dict[type[Step], CallStatus]] = {
    Menu: CallStatus.CHOOSING,
    Dial: CallStatus.CONNECTING,
    Queue: CallStatus.QUEUED,
    Room: CallStatus.QUEUED,
    Voicemail: CallStatus.VOICEMAIL,
    Callback: CallStatus.CALLBACK,
}
"""What a call is at in a step."""
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class Turn:
    """What becomes of a request. Without a step the call ends, with goodbye unless it was said or nobody hears it."""

    step: str | None = None
    tries: int = 1
    first: str = ""
    """The phrase said before the step's own words."""
    choice: str | None = None
    status: CallStatus | None = None
    silent: bool = False
    queue: str | None = None
    """An agent takes a caller from it."""
    room: str | None = None
    """An agent joins the caller whose room it is; its name is the SID of that call."""
    agent: str | None = None


def turn(asked: Asked, config: Config) -> Turn:
    if asked.on is On.CALL and (taking := _taking(asked, config)) is not None:
        return taking
    step = config.steps.get(asked.step)
    match asked.on:
        case On.CALL:
            return _enter(config.start, asked, config)
        case On.STEP:
            return _enter(asked.step, asked, config)
        case On.MENU if isinstance(step, Menu):
            return _chosen(step, asked, config)
        case On.DIAL:
            talked = asked.fields.get("DialCallStatus") in TALKED
            return _talked(talked, step, asked, config)
        case On.QUEUE:
            return _talked(asked.fields.get("QueueResult") == "bridged", step, asked, config)
        case On.ROOM:
            return _left(step, asked, config)
        case On.BRIDGE:
            return Turn(silent=True, status=CallStatus.ANSWERED, agent=asked.query.get("agent"))
    return Turn()


def _taking(asked: Asked, config: Config) -> Turn | None:
    """The turn of an agent who calls to join a caller, or to take whoever waits."""
    agent = agent_at(asked.caller, config)
    if agent is None or not takes_callers(config):
        return None
    room = asked.fields.get("room", "")
    if config.has_rooms and SID.fullmatch(room):
        return Turn(room=room, agent=agent)
    if not config.queues:
        return Turn(agent=agent)
    wanted = asked.fields.get("queue", "")
    return Turn(queue=wanted if wanted in config.queues else next(iter(config.queues)), agent=agent)


def takes_callers(config: Config) -> bool:
    """Whether a call of an agent's is to a caller, and not to the menus."""
    return config.has_rooms or bool(config.queues)


def agent_at(address: str, config: Config) -> str | None:
    return next((name for name, known in config.agents.items() if known == address), None)


def _enter(name: str | None, asked: Asked, config: Config, *, choice: str | None = None) -> Turn:
    for _ in range(MOST_DETOURS):
        step = config.steps.get(name or "")
        if step is None or step.closed is None or is_open(config.opening(), asked.at):
            break
        name = step.closed
    if name is None or step is None:
        return Turn(choice=choice)
    # Who has hung up leaves no voicemail and waits nowhere; who asked to be called still wants to be.
    told = STATUS.get(type(step)) if not asked.is_over or isinstance(step, Callback) else None
    return Turn(step=name, choice=choice, status=told)


def _chosen(menu: Menu, asked: Asked, config: Config) -> Turn:
    digits, speech = asked.fields.get("Digits", ""), asked.fields.get("SpeechResult", "")
    name = menu.keys.get(digits) or _meant(menu, speech)
    if name is not None:
        return _enter(name, asked, config, choice=name)
    if asked.is_over:
        return Turn(silent=True)
    if asked.tries < menu.tries:
        return Turn(step=asked.step, tries=asked.tries + 1, first="unknown" if digits or speech else "silence")
    return _enter(menu.otherwise, asked, config)


def _meant(menu: Menu, speech: str) -> str | None:
    """The step of the longest phrase that was spoken, as whole words."""
    spoken = f" {' '.join(_WORD.findall(speech[:1000].casefold()))} "
    for phrase in sorted(menu.words, key=len, reverse=True):
        wanted = " ".join(_WORD.findall(phrase.casefold()))
        # Languages written without spaces have no words to tell apart.
        if wanted and (f" {wanted} " in spoken or (not wanted.isascii() and wanted in spoken)):
            return menu.words[phrase]
    return None


def _talked(talked: bool, step: Step | None, asked: Asked, config: Config) -> Turn:
    """After a call was put through, or was to be."""
    if talked:
        return Turn(silent=True, status=CallStatus.ANSWERED)
    if isinstance(step, Dial | Queue | Room) and not asked.is_over:
        return _enter(step.otherwise, asked, config)
    return Turn(silent=asked.is_over)


def _left(step: Step | None, asked: Asked, config: Config) -> Turn:
    """After a room: whether anybody came into it, its own reports have told."""
    if asked.fields.get("DialCallStatus") in TALKED:
        return Turn(silent=True)
    return _talked(False, step, asked, config)


def ends(step: Step) -> bool:
    return isinstance(step, Callback | Hangup)
