"""Which events of the feed a subscription is done with: a position, and those finished beyond it. No I/O."""

from collections.abc import Iterable
from heapq import heappop, heappush


class Progress:
    """Events are begun in any order, mostly rising, and finished in any order."""

    def __init__(self, position: int, beyond: Iterable[int] = ()) -> None:
        self.read = position
        """Up to here the feed was read in order: all that was wanted was begun."""
        self._open: set[int] = set()
        self._lowest: list[int] = []
        self._done = set(beyond)

    def begin(self, position: int) -> None:
        self._open.add(position)
        heappush(self._lowest, position)

    def finish(self, position: int) -> None:
        """Taken by the target, or safe in the store for another attempt."""
        self._open.discard(position)
        self._done.add(position)

    def knows(self, position: int) -> bool:
        """Whether it was begun or finished already."""
        return position in self._open or position in self._done

    @property
    def position(self) -> int:
        """Every wanted event up to here is finished; the next one is not, or was not read yet."""
        while self._lowest and self._lowest[0] not in self._open:
            heappop(self._lowest)
        return min(self._lowest[0] - 1, self.read) if self._lowest else self.read

    @property
    def ahead(self) -> int:
        """How many finished ones are remembered because an earlier one is not, or because they overtook."""
        return len(self._done)

    @property
    def idle(self) -> bool:
        """Nothing that was begun is unfinished."""
        return not self._open

    def snapshot(self) -> tuple[int, list[int]]:
        """The position, and what is finished beyond it: what another process needs to go on from here."""
        position = self.position
        self._done = {done for done in self._done if done > position}
        return position, sorted(self._done)
