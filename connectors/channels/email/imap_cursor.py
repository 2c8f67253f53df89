"""How far a mailbox was read: the cursor of its polls, committed with each mail.

UIDs only mean something with their UIDVALIDITY (RFC 9051 §2.3.1.1); where that changed, or the mailbox is another one,
it is read again from the day of the newest mail on, and the hub knows by their Message-IDs the mails it has. A UID that
was not there when it was passed is remembered for a while as a gap, because some servers show a mail later than its
successor. Pure.
"""

from datetime import UTC, date, datetime, timedelta

import msgspec
from msgspec.structs import replace

WINDOW = 1000
"""UIDs below the newest whose gaps are remembered …"""
MOST_GAPS = 100
"""… in so many stretches at most."""
OVERLAP = timedelta(days=2)
"""What a day may differ by between two servers' clocks and zones, and some more."""

Gaps = tuple[tuple[int, int], ...]
"""First and last UID of each stretch, in their order."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    mailbox: str
    """The mark of its account."""
    uidvalidity: int
    uid: int
    """Every mail up to this one was taken, but for the gaps."""
    at: datetime
    """When the newest mail that was taken came, UTC."""
    since: date | None = None
    """While the past is read: mails from before this day are passed over."""
    gaps: Gaps = ()
    done: tuple[int, ...] = ()
    """Mails that are committed with this cursor or before, and were not yet dealt with in the mailbox."""

    def takes(self, uid: int) -> bool:
        return uid > self.uid or any(first <= uid <= last for first, last in self.gaps)

    def took(self, uid: int, at: datetime, now: datetime, *, done: bool) -> "Cursor":
        """Past this mail; `done`: it is to be dealt with in the mailbox."""
        passed = self.past(uid - 1) if uid > self.uid else self
        return replace(
            passed,
            uid=max(passed.uid, uid),
            at=max(self.at, min(at, now)),
            gaps=_without(passed.gaps, uid),
            done=(*self.done, uid) if done else self.done,
        )

    def past(self, uid: int) -> "Cursor":
        """Past this UID, no mail being there between."""
        if uid <= self.uid:
            return self
        gaps = self.gaps if self.since else (*self.gaps, (self.uid + 1, uid))
        return replace(self, uid=uid, gaps=_recent(gaps, uid))

    def at_end(self) -> "Cursor":
        """All of the past was read."""
        return replace(self, since=None)

    def dealt(self) -> "Cursor":
        return replace(self, done=())

    def is_of(self, mailbox: str, uidvalidity: int) -> bool:
        return (self.mailbox, self.uidvalidity) == (mailbox, uidvalidity)

    def anew(self, mailbox: str, uidvalidity: int) -> "Cursor":
        """To read the mailbox once more from the day of the newest mail on."""
        since = (self.at - OVERLAP).date()
        return Cursor(mailbox=mailbox, uidvalidity=uidvalidity, uid=0, at=self.at, since=since)


_decoder = msgspec.json.Decoder(Cursor)


def begin(mailbox: str, uidvalidity: int, uidnext: int, now: datetime, days: int) -> Cursor:
    """At a mailbox's end, or so many days before."""
    now = now.astimezone(UTC)
    if not days:
        return Cursor(mailbox=mailbox, uidvalidity=uidvalidity, uid=uidnext - 1, at=now)
    since = now - timedelta(days=days)
    return Cursor(mailbox=mailbox, uidvalidity=uidvalidity, uid=0, at=since, since=since.date())


def read(text: str) -> Cursor:
    """Raises ValueError."""
    return _decoder.decode(text)


def write(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def _recent(gaps: Gaps, uid: int) -> Gaps:
    least = uid - WINDOW + 1
    return tuple((max(first, least), last) for first, last in gaps if last >= least)[-MOST_GAPS:]


def _without(gaps: Gaps, uid: int) -> Gaps:
    left: list[tuple[int, int]] = []
    for first, last in gaps:
        if first <= uid <= last:
            left += [(a, b) for a, b in ((first, uid - 1), (uid + 1, last)) if a <= b]
        else:
            left.append((first, last))
    return tuple(left)[-MOST_GAPS:]
