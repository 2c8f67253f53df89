"""What a plugin keeps from one day to the next: a few small texts, each under a name, which only its connector reads.

It is for what a provider replaces as it is used, such as tokens that are good for one refresh. The hub keeps it where
every process of it finds it, closed under `ONETHREAD_KEY`. It is no place for what customers say, nor for what can be
asked of the provider again.
"""

from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from connectors.kit.errors import Misconfigured
from connectors.kit.secret import Secret

LONGEST: Final = 64 * 1024
"""Characters of a text."""


class State(Protocol):
    async def read(self, name: str) -> Secret | None:
        """What is kept under the name. Raises Misconfigured where it was closed under another key, Temporary."""

    async def replace(self, name: str, old: Secret | None, new: Secret) -> bool:
        """Keeps `new` if `old` (None: nothing) is what is kept; durable when it returns True. False where something
        else is kept. Raises as `read`, and ValueError where it is longer than `LONGEST`."""

    def turn(self, name: str, seconds: float) -> AbstractAsyncContextManager[None]:
        """While it lasts nobody else has a turn under this name, in whichever process; at most so many seconds, after
        which another may. Raises Temporary where none is to be had."""


class Nowhere:
    """Of a plugin that is brought up without a store."""

    async def read(self, name: str) -> Secret | None:
        raise Misconfigured(f"there is no store that could hold {name}")

    async def replace(self, name: str, old: Secret | None, new: Secret) -> bool:  # noqa: ARG002 - part of the contract
        raise Misconfigured(f"there is no store that could keep {name}")

    def turn(self, name: str, seconds: float) -> AbstractAsyncContextManager[None]:  # noqa: ARG002 - likewise
        raise Misconfigured(f"there is no store that could keep {name}")


NOWHERE: Final[State] = Nowhere()
