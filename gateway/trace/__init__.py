"""The whole story of anything an operator can name: an id of any kind, a provider's id, a trace, a command, an address.

`trace` gives it as data; the command line prints it. It only reads, and all of it from one state of the store. Nothing
here reads a table from end to end but where it says so.
"""

from sqlalchemy import Engine

from connectors.kit.redact import Redactor
from gateway.settings.model import Settings
from gateway.trace.clues import find, follow
from gateway.trace.gathering import gather
from gateway.trace.rows import snapshot
from gateway.trace.searching import MOST as MOST_SEARCHED
from gateway.trace.story import Story
from gateway.trace.subscribers import Subscribers

__all__ = ["MOST_SEARCHED", "Story", "trace"]


def trace(engine: Engine, asked: str, settings: Settings) -> Story | None:
    """The story of what goes by this name; None where nothing does. No configured secret appears in it.

    A trace that began elsewhere is looked for among the newest `MOST_SEARCHED` events.
    """
    with snapshot(engine) as rows:
        clues = find(rows, asked)
        if not clues:
            return None
        subscribers = Subscribers(rows, settings)
        redact = Redactor((*settings.secrets(), *subscribers.secrets()))
        return gather(rows, asked, clues, follow(rows, clues), subscribers, redact)
