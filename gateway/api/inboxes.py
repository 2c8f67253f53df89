"""What anybody may know of an inbox: whether somebody is there, and how soon an answer comes."""

from typing import Annotated

from msgspec import Meta

from gateway.api.problems import not_found
from gateway.api.route import Call, Route
from gateway.api.shapes import Strict
from gateway.service import ServiceNow, service_now
from gateway.store.times import now


class HoursQuery(Strict, frozen=True, kw_only=True):
    channel: Annotated[str, Meta(max_length=63, description="Whose hours and target; absent: the inbox's own.")] = ""


def hours(call: Call) -> ServiceNow:
    """Raises Problem: 404."""
    try:
        return service_now(call.hub.settings, call.path["inbox"], call.query.channel, now())
    except KeyError:
        raise not_found("inbox") from None


INBOXES = (
    Route(
        method="GET",
        path="/v1/inboxes/{inbox}/hours",
        do=hours,
        scope=None,
        summary="Whether an inbox is open, and how soon it answers",
        about="What a customer may be told, so it asks for no key. `until` is the next closing, `next_opening` the next"
        " opening, and `expected_at` when a message written now would be answered.",
        query=HoursQuery,
        answer=ServiceNow,
        errors=(404,),
    ),
)
