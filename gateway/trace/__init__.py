"""The whole story of anything an operator can name: an id of any kind, a provider's id, a dedupe key, an address.

`trace` gives it as data; the command line prints it. It only reads, and all of it from one state of the store.
"""

from collections.abc import Sequence

from sqlalchemy import Engine

from connectors.kit.redact import Redactor
from connectors.kit.secret import Secret
from gateway.trace.clues import find, follow
from gateway.trace.gathering import gather
from gateway.trace.rows import snapshot
from gateway.trace.story import Story

__all__ = ["Story", "trace"]


def trace(engine: Engine, asked: str, secrets: Sequence[Secret] = ()) -> Story | None:
    """The story of what goes by this name; None where nothing does. `secrets` appear nowhere in it.

    A message's story reads every dedupe key once, since no index leads from a message back to its request: milliseconds
    in most stores, seconds in one with millions.
    """
    with snapshot(engine) as rows:
        clues = find(rows, asked)
        return gather(rows, asked, clues, follow(rows, clues), Redactor(tuple(secrets))) if clues else None
