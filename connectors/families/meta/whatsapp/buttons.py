"""What a reader may do, as an interactive message: up to three buttons, a list of up to ten rows, one link, one form
(a flow), or the question where somebody is.

Source: developers.facebook.com/docs/whatsapp/cloud-api/messages/interactive-reply-buttons-messages,
/interactive-list-messages, /interactive-cta-url-messages and /guides/send-messages/location-request-messages;
/flows/guides/sendingaflow, as pywa 4.5 words it (read 2026-11).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from connectors.families.meta.whatsapp.capability import BUTTONS, ROWS
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import Action, FormAction, LinkAction, PostbackAction, ReplyAction, ShareLocationAction

LONGEST_ID: Final = 200
FLOW_VERSION: Final = "3"


class Way(NamedTuple):
    """How choices are offered, besides what they are."""

    label: str
    """Opens a list."""
    token: str
    """Comes back with what was filled into a form."""


def interactive(text: str, actions: Sequence[Action], way: Way, head: Mapping[str, Any] | None) -> dict[str, Any]:
    """`head` is a file above the words, which a list cannot have. Raises Refused."""
    body = {"body": {"text": text}}
    match actions:
        case [FormAction() as form]:
            action = _named("flow", parameters=_flow(form, way.token))
            return {"type": "flow", **_headed(head), **body, "action": action}
        case [LinkAction() as link]:
            parameters = {"display_text": link.label, "url": link.url}
            return {"type": "cta_url", **_headed(head), **body, "action": _named("cta_url", parameters=parameters)}
        case [ShareLocationAction()]:
            return {"type": "location_request_message", **body, "action": _named("send_location")}
    rows = [_row(one) for one in actions]
    if len({row["id"] for row in rows}) < len(rows) or len(rows) > ROWS:
        raise Refused("choices that cannot be told apart, or too many", code=ErrorCode.CONTENT_UNSUPPORTED)
    if len(rows) <= BUTTONS:
        buttons = [{"type": "reply", "reply": row} for row in rows]
        return {"type": "button", **_headed(head), **body, "action": {"buttons": buttons}}
    return {"type": "list", **body, "action": {"button": way.label, "sections": [{"rows": rows}]}}


def _flow(form: FormAction, token: str) -> dict[str, Any]:
    told = {
        "mode": "published",
        "flow_message_version": FLOW_VERSION,
        "flow_token": token,
        "flow_id": form.form,
        "flow_cta": form.label,
    }
    if form.screen is None:
        if form.data:
            raise Refused("what a form begins with wants the screen it begins on", code=ErrorCode.CONTENT_UNSUPPORTED)
        return told
    payload = {"screen": form.screen, **({"data": form.data} if form.data else {})}
    return {**told, "flow_action": "navigate", "flow_action_payload": payload}


def _row(action: Action) -> dict[str, str]:
    if not isinstance(action, ReplyAction | PostbackAction):
        raise Refused("a link, a form or a place stands alone", code=ErrorCode.CONTENT_UNSUPPORTED)
    value = action.value or action.label
    if len(value) > LONGEST_ID:
        raise Refused("a choice's value is too long", code=ErrorCode.CONTENT_UNSUPPORTED)
    return {"id": value, "title": action.label}


def _headed(head: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if head is None else {"header": head}


def _named(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}
