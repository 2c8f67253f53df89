"""What a caller at the simulator does, act by act."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Press:
    digits: str


@dataclass(frozen=True)
class Speak:
    words: str


@dataclass(frozen=True)
class Silence:
    pass


@dataclass(frozen=True)
class HangUp:
    pass


@dataclass(frozen=True)
class Leave:
    """A message after the tone. `hangs_up` ends it, rather than a key."""

    words: str = "please call me"
    seconds: int = 12
    hangs_up: bool = True


@dataclass(frozen=True)
class Wait:
    """In a queue, for the next word on where one stands."""

    seconds: int = 20


@dataclass(frozen=True)
class Taken:
    """Out of a queue, by an agent."""


@dataclass(frozen=True)
class Joins:
    """An agent, into the caller's room."""

    agent: str


@dataclass(frozen=True)
class Leaves:
    """An agent who joined, out of it. After the last, the caller waits for the room to be closed."""

    agent: str


Act = Press | Speak | Silence | HangUp | Leave | Wait | Taken | Joins | Leaves


def script(words: Sequence[str]) -> list[Act]:
    """Acts as one writes them on a command line: `press 1`, `say orders`, `silence`, `leave call me`, `hang up`."""
    plain: dict[str, Callable[[str], Act]] = {
        "press": Press,
        "say": Speak,
        "silence": lambda _: Silence(),
        "leave": lambda rest: Leave(rest or "please call me"),
        "wait": lambda _: Wait(),
        "taken": lambda _: Taken(),
        "joins": Joins,
        "leaves": Leaves,
        "hang": lambda _: HangUp(),
    }
    acts = []
    for each in words:
        verb, _, rest = each.partition(" ")
        acts.append(plain[verb](rest))
    return acts
