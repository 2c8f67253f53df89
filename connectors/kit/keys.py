"""Keys that a provider publishes, and by which `verify` knows its signatures: learnt outside of it, and kept in bounds.

`verify` stays pure: for a key that it lacks it raises `UnknownKey`. The hub then asks the plugin to fetch that key,
through its `tools.http`, and verifies once more. What is fetched how often is bounded there.
"""

from typing import Final, Generic, Protocol, TypeVar, runtime_checkable

K = TypeVar("K")
MOST: Final = 16


@runtime_checkable
class Keys(Protocol):
    async def fetch_key(self, name: str) -> bytes:
        """The key `UnknownKey` named, as it is published. Raises Temporary, and Refused where there is none."""

    def keep_key(self, name: str, octets: bytes) -> None:
        """Takes it for `verify`. Raises Refused for what is no key."""


class Keyring(Generic[K]):
    """The keys a plugin learnt: the newest `most` of them. Safe to use from any thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._keys: dict[str, K] = {}

    def __repr__(self) -> str:
        return f"Keyring({len(self._keys)} of {self._most})"

    def get(self, name: str) -> K | None:
        return self._keys.get(name)

    def put(self, name: str, key: K) -> None:
        kept = {other: value for other, value in self._keys.items() if other != name}
        for oldest in list(kept)[: max(0, len(kept) - self._most + 1)]:
            del kept[oldest]
        self._keys = {**kept, name: key}
