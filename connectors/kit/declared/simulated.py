"""The part of the language that says how the provider is simulated, as types."""

from typing import Any, Literal

import msgspec


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the language."""


class Answered(Strict, frozen=True, kw_only=True):
    status: int = 200
    json: Any = None
    xml: dict[str, Any] | None = None
    text: str | None = None
    headers: dict[str, str] = {}


class Call(Strict, frozen=True, kw_only=True):
    """A webhook the simulator makes. Its variables are `{id}`, `{text}`, `{sender}`, `{status}` and `{code}`, of a
    message also `{now}` (ISO 8601, UTC) and `{now_epoch}` (seconds), and the settings that are called otherwise."""

    method: Literal["GET", "POST"] = "POST"
    query: dict[str, str] = {}
    form: dict[str, str] | None = None
    json: Any = None
    xml: dict[str, Any] | None = None


class Missed(Strict, frozen=True, kw_only=True):
    """An item of the list of what came, as the provider has it. Its variables are those of `message`, and `{time}`."""

    json: Any
    time: str = "%Y-%m-%dT%H:%M:%S.%fZ"
    """How `{time}` is written, in the codes of `datetime.strftime`."""


class Simulated(Strict, frozen=True, kw_only=True):
    login: Answered | None = None
    """What a request for a token is answered."""
    check: Answered | None = None
    """What asking for the account is answered."""
    backfill: Answered | None = None
    """What asking for the list is answered; `{missed}` is the list of what was missed, the newest first."""
    missed: Missed | None = None
    templates: Answered | None = None
    """What asking for the templates is answered, whichever page it is."""
    no_template: Answered | None = None
    """What a send by a template is answered that is not among them."""
    register: Answered | None = None
    """What each request about the webhook is answered; `{webhook}` is the one that was set."""
    accepts: Answered
    failures: dict[str, Answered]
    """By the names of `connectors.kit.testing.simulator.Failure`, those without words left out."""
    lacks: dict[str, str] = {}
    """Failures that the provider does not tell of, and why."""
    message: Call
    report: Call | None = None
