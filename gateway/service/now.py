"""What somebody who opens a chat may be told: open or not, until when, and how soon an answer comes."""

from datetime import datetime
from typing import TYPE_CHECKING

from normalizer.hours import closing, next_opening
from normalizer.model import Priority, Time, Value
from normalizer.service import expect, hours_of, notice_at, target_of

if TYPE_CHECKING:
    from gateway.settings.model import Settings


class ServiceNow(Value, frozen=True, kw_only=True):
    open: bool
    until: Time | None
    """When it closes; null where it is closed, or does not close for a week."""
    next_opening: Time | None
    """Where it is closed; null where none is known."""
    target: float | None
    """Seconds of opening hours within which an answer is due; null: nothing is promised."""
    expected_at: Time | None
    """When a message of now would be answered; null: nothing is promised."""
    notice: dict[str, str] | None = None
    """What the inbox has to say just now, by language."""


def service_now(settings: "Settings", inbox: str, channel: str, at: datetime) -> ServiceNow:
    """How an inbox serves a channel at a time. Reads no clock and no store. Raises KeyError for an unknown inbox."""
    found = settings.inboxes[inbox]
    hours = hours_of(found, channel)
    opens_at = next_opening(hours, at)
    expected = expect(found, channel, Priority.NORMAL, at)
    return ServiceNow(
        open=opens_at == at,
        until=closing(hours, at),
        next_opening=None if opens_at == at else opens_at,
        target=target_of(found, channel, Priority.NORMAL),
        expected_at=expected.at if expected else None,
        notice=dict(notice) if (notice := notice_at(found, at)) else None,
    )
