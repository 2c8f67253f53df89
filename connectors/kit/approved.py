"""Templates that a provider keeps and approves: its list of them, kept for a while, and what is refused of one.

How a list is asked for, what a standing is called and how a filled template is worded is each provider's own.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode

T = TypeVar("T")
Name = tuple[str, str]
"""A template's name, and its language; the latter empty where a provider knows none."""
SOON: Final = timedelta(seconds=30)
"""So old a list must be for a template it lacks to be looked for again."""


class Templates(Generic[T]):
    """The account's templates, as they were when last asked for.

    `ask` asks for all of them; `now` is the hub's clock; a list is as good as new for `lasts` seconds. `standing` says
    what a template is that must not be sent ("rejected"), None of one that may.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[Mapping[Name, T]]],
        now: Callable[[], datetime],
        lasts: float,
        standing: Callable[[T], str | None] = lambda _template: None,
    ) -> None:
        self._ask = ask
        self._now = now
        self._lasts = timedelta(seconds=lasts)
        self._standing = standing
        self._shelf: Mapping[Name, T] = {}
        self._asked_at: datetime | None = None

    async def all(self) -> Mapping[Name, T]:
        """Asked for now. Raises what asking raises."""
        self._shelf = await self._ask()
        self._asked_at = self._now()
        return self._shelf

    async def find(self, name: str, language: str = "") -> T:
        """Raises Refused for one that cannot be sent, and what asking raises."""
        known = (name, language) in self._shelf
        age = None if self._asked_at is None else self._now() - self._asked_at
        if age is None or age >= self._lasts or (not known and age >= SOON):
            await self.all()
        found = self._shelf.get((name, language))
        if found is None:
            raise absent(name, language)
        standing = self._standing(found)
        if standing is not None:
            raise barred(name, standing)
        return found


def paired(where: str, places: Sequence[str], values: Sequence[str]) -> list[tuple[str, str]]:
    """The places of a template's `where`, none twice, each with its value. Raises Refused where they do not match.

    Numbered places are filled by their number, wherever they stand in the text.
    """
    if len(places) != len(values):
        raise refused(f"the template's {where} has {len(places)} places, not {len(values)}")
    numbered = all(place.isdecimal() for place in places)
    return list(zip(sorted(places, key=int) if numbered else places, values, strict=True))


def absent(name: str, language: str = "") -> Refused:
    return refused(f"there is no template {name[:64]!r}" + (f" in {language[:16]!r}" if language else ""))


def barred(name: str, standing: str) -> Refused:
    return refused(f"the template {name[:64]!r} is {standing}")


def refused(detail: str) -> Refused:
    return Refused(detail, code=ErrorCode.TEMPLATE_INVALID)
