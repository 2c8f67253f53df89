"""Writes `docs/reference` from the code, so that it cannot say what is not so.

python -m scripts.reference            writes the pages
python -m scripts.reference --check    says which pages are not current, and fails if any is
"""

import argparse
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import typer
from prometheus_client.metrics import MetricWrapperBase

import gateway.metrics
from connectors.kit import errors as kit_errors
from connectors.kit import registry
from connectors.kit.errors import KitError
from connectors.kit.patience import Patience
from gateway.api.openapi import describe
from gateway.api.problems import Code
from gateway.api.route import Route
from gateway.api.routes import ROUTES
from gateway.api.schemas import SENT
from gateway.cli import app
from gateway.cli.output import Exit
from gateway.settings import Limits, settings_schema
from gateway.settings.listening import ListenerEntry, TlsEntry
from gateway.settings.model import Entries, InboxEntry
from gateway.settings.serving import NoticeEntry, Texts
from gateway.settings.subscribing import SubscriptionEntry
from normalizer.errors import ErrorCode
from normalizer.events import EVENTS, Envelope, wire_type
from scripts.channels import channels, how_to
from scripts.declared import attribute_docs, commands, default, plain, shape, spelt, structs_in
from scripts.markdown import joined, page, table, words
from scripts.quality import quality

UNASKED = ("inbound", "initiates")
"""What means nothing of public routes."""
FOLDER = Path(__file__).parent.parent / "docs" / "reference"

SETTINGS = """\
One YAML file, `onethread.yaml` unless `--config` or `ONETHREAD_CONFIG` names another. `${NAME}` stands for an
environment variable, `file:/run/secrets/name` for the text of a file. `onethread config schema` prints the JSON Schema
of all this. `ONETHREAD_KEY` closes the secrets that the store keeps ([how](../how-to/operate.md)). A connector's own
settings stand in [connectors](connectors.md)."""
CONNECTORS = "Every installed plugin. Set-up, limits and quirks stand in the README of each plugin's folder."
EVENT = """\
CloudEvents 1.0, structured JSON. In `types=` an event goes by its short name, or a pattern such as `message.*`. Every
event here has a `position`; those of a conversation also a `sequence` without gaps. The JSON Schema of each
event is served at `/v1/schemas/events`."""
BESIDE = """\
Queues and webhooks also get copies of what stands in no feed: it has no `position`, and no filter asks for it."""
HTTP = """\
The whole description, with every shape, is served as OpenAPI 3.1 at `/v1/openapi.json`. Errors are
`application/problem+json` with a [code](errors.md)."""
CLI = "Every command takes `--json`, which prints one JSON value. Errors are a sentence on standard error."
METRICS = """\
Prometheus text at `/metrics`. Labels are connectors, subscriptions, inboxes, states and outcomes; never conversations
or people. Values vanish with what they are about. `deploy/alerts.yaml` has examples of alerts."""
CODES = "The same on every channel; the provider's own code stands beside ours as `provider_code`."
MEANINGS: Mapping[ErrorCode, str] = {
    ErrorCode.INVALID_ADDRESS: "no address of this channel",
    ErrorCode.UNREACHABLE: "nobody can be written to there",
    ErrorCode.OPTED_OUT: "the person blocked us, or withdrew consent",
    ErrorCode.NOT_OPTED_IN: "the channel asks for consent that was not given",
    ErrorCode.WINDOW_CLOSED: "the channel's time for free answers is over",
    ErrorCode.TEMPLATE_INVALID: "the provider does not know the template, or not with these values",
    ErrorCode.CONTENT_UNSUPPORTED: "the message is empty, too large, or nothing the channel can express",
    ErrorCode.MEDIA_UNSUPPORTED: "files of this type do not go there",
    ErrorCode.MEDIA_TOO_LARGE: "the file is larger than the channel takes",
    ErrorCode.MEDIA_UNREACHABLE: "the file is not stored here, or gone at the provider",
    ErrorCode.POLICY_REJECTED: "the provider will not carry this message",
    ErrorCode.PRIVATE_ON_PUBLIC: "a private answer would have left on a public route",
    ErrorCode.RATE_LIMITED: "the provider asks us to slow down",
    ErrorCode.AUTH_FAILED: "credentials or a signature were not accepted",
    ErrorCode.MISCONFIGURED: "the connector's set-up is wrong; an operator mends it",
    ErrorCode.PROVIDER_DOWN: "the provider could not be reached",
    ErrorCode.TIMED_OUT: "no answer in time; it may have arrived",
    ErrorCode.EXPIRED: "`expires_at` came first",
    ErrorCode.NO_ROUTE: "there is no way to this person",
    ErrorCode.UNKNOWN: "none of the above; `provider_code` and `detail` say more",
}


def settings() -> str:
    schema = settings_schema()
    sections: list[tuple[str, type[msgspec.Struct], Any]] = [
        ("The file", Entries, schema),
        ("`inboxes.<name>`", InboxEntry, schema["$defs"]["InboxEntry"]),
        ("`inboxes.<name>.texts`", Texts, schema["$defs"]["Texts"]),
        ("`inboxes.<name>.notice`", NoticeEntry, schema["$defs"]["NoticeEntry"]),
        ("`subscriptions.<name>`", SubscriptionEntry, schema["$defs"]["SubscriptionEntry"]),
        ("`listeners.smtp` and `listeners.lmtp`", ListenerEntry, schema["$defs"]["ListenerEntry"]),
        ("`listeners.<name>.tls`", TlsEntry, schema["$defs"]["TlsEntry"]),
        ("`limits`", Limits, schema["$defs"]["Limits"]),
    ]
    blocks = [SETTINGS]
    for title, kind, described in sections:
        blocks += [f"## {title}", _first(kind), _settings_of(kind, described)]
    return page("Settings", blocks)


def connectors() -> str:
    blocks, schemas = [CONNECTORS], settings_schema()["$defs"]
    for name in registry.plugin_names():
        told, kind = registry.describe(name), registry.load(name)
        facts = [
            ("channel", f"`{told.channel}`"),
            ("addresses", f"`{told.scheme}`"),
            ("unclear sends are settled by", f"`{told.settles}`"),
            ("is tried again", _patience(kind.info.patience)),
            ("abilities", words(told.abilities)),
            ("tells us of", words(sorted(told.capability.inbound))),
        ]
        can = msgspec.to_builtins(told.capability, enc_hook=str)
        shown = [(f"`{key}`", plain(value)) for key, value in can.items() if key != "inbound"]
        at = how_to(name)
        summary = f"{told.summary}." + (f" [How to set it up]({at})." if at else "")
        blocks += [f"## `{name}`", summary, table(("", ""), facts), "### Settings", _first(kind.Config)]
        blocks += [_settings_of(kind.Config, schemas[f"connector.{name}"]), "### Capability", table(("", ""), shown)]
        if told.public is not None:
            public = msgspec.to_builtins(told.public, enc_hook=str)
            less = [(f"`{key}`", plain(value)) for key, value in public.items() if key not in UNASKED]
            blocks += ["### Capability in public", table(("", ""), less)]
    return page("Connectors", blocks)


def _patience(patience: Patience) -> str:
    if patience.lasts is None:
        return "`limits.attempts` times, after 1 s, 2 s, 4 s and so on up to 5 minutes"
    waits = ", ".join(f"{wait / 60:g}" for wait in patience.waits)
    return f"for {patience.lasts / 86_400:g} days, after {waits} minutes, and then as often as that"


def events() -> str:
    rows = {name: (f"`{name}`", f"`{wire_type(name)}`", _linked(data)) for name, data in SENT.items()}
    beside = [row for name, row in rows.items() if name not in EVENTS]
    head = ("event", "`type` on the wire", "`data`")
    blocks = [EVENT, "## Types", table(head, [rows[name] for name in EVENTS]), BESIDE, table(head, beside)]
    for kind in dict.fromkeys(each for top in (Envelope, *SENT.values()) for each in structs_in(top)):
        said = attribute_docs(kind)
        tag = kind.__struct_config__.tag
        shown = [("`type`", f"`{tag}`", "")] if tag else []
        shown += [
            (f"`{field.encode_name}`", shape(field.type), joined(said.get(field.name, "")))
            for field in msgspec.structs.fields(kind)
        ]
        blocks += [f"## {kind.__name__}", joined(kind.__doc__ or ""), table(("field", "holds", ""), shown)]
    return page("Events", blocks)


def http_api() -> str:
    document = describe(ROUTES)
    blocks = [HTTP]
    for route in ROUTES:
        blocks += [f"## `{route.method} {route.path}`", *_operation(document, route)]
    return page("HTTP API", blocks)


def cli() -> str:
    codes = [("`0`", "done"), *((f"`{int(code)}`", code.name.lower()) for code in Exit)]
    blocks = [CLI, "## Exit codes", table(("code", ""), codes)]
    for name, command in commands("onethread", typer.main.get_command(app)):
        rows = [(spelt(each), joined(getattr(each, "help", None) or "")) for each in command.params]
        blocks += [f"## `{name}`", joined(command.help or ""), table(("", ""), rows)]
    return page("Command line", blocks)


def metrics() -> str:
    found = [value for value in vars(gateway.metrics).values() if isinstance(value, MetricWrapperBase)]
    rows = [(f"`{_metric(each)}`", str(each._type), words(each._labelnames), each._documentation) for each in found]
    return page("Metrics", [METRICS, table(("metric", "type", "labels", "meaning"), rows)])


def errors() -> str:
    kinds = [kind for kind in vars(kit_errors).values() if inspect.isclass(kind) and issubclass(kind, KitError)]
    raised = [(f"`{kind.__name__}`", _first(kind), f"`{kind.default}`") for kind in kinds if kind is not KitError]
    blocks = [
        "## Codes of messages and deliveries",
        CODES,
        table(("code", "meaning"), [(f"`{code}`", MEANINGS[code]) for code in ErrorCode]),
        "## Further codes of the API",
        "In `code` of a problem where no channel is concerned.",
        words(Code),
        "## What a plugin raises",
        table(("error", "means", "code unless said"), raised),
    ]
    return page("Errors", blocks)


PAGES: Mapping[str, Callable[[], str]] = {
    "settings": settings,
    "connectors": connectors,
    "channels": channels,
    "quality": quality,
    "events": events,
    "http-api": http_api,
    "cli": cli,
    "metrics": metrics,
    "errors": errors,
}


def _settings_of(kind: type[msgspec.Struct], schema: Mapping[str, Any]) -> str:
    said, rows = attribute_docs(kind), []
    for field in msgspec.structs.fields(kind):
        described = schema["properties"].get(field.encode_name, {})
        meaning = said.get(field.name) or described.get("description", "")
        rows.append((f"`{field.encode_name}`", default(field), joined(meaning)))
    return table(("setting", "default", "meaning"), rows)


def _operation(document: Mapping[str, Any], route: Route) -> list[str]:
    operation = document["paths"][route.path][route.method.lower()]
    found = [_resolved(document, each) for each in operation.get("parameters", ())]
    parameters = [(f"`{each['name']}`", each["in"], joined(each.get("description", ""))) for each in found]
    answers = [
        (f"`{status}`", joined(_resolved(document, answer)["description"]))
        for status, answer in operation["responses"].items()
    ]
    scope = f"Needs a key with the scope `{route.scope}`." if route.scope else ""
    return [
        joined(f"{route.summary}. {scope}"),
        route.about,
        table(("parameter", "in", ""), parameters),
        table(("status", ""), answers),
    ]


def _resolved(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in value:
        return value
    for step in value["$ref"].removeprefix("#/").split("/"):
        document = document[step]
    return document


def _metric(found: MetricWrapperBase) -> str:
    return f"{found._name}_total" if found._type == "counter" else str(found._name)


def _linked(kind: type) -> str:
    return f"[{kind.__name__}](#{kind.__name__.lower()})"


def _first(kind: type) -> str:
    return joined((inspect.getdoc(kind) or "").partition("\n\n")[0])


def main() -> int:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--check", action="store_true", help="write nothing")
    check = wanted.parse_args().check
    stale = [(FOLDER / f"{name}.md", text) for name, make in PAGES.items() if _now(name) != (text := make())]
    for path, text in stale:
        if check:
            sys.stderr.write(f"docs/reference/{path.name} is not current: run `make docs`\n")
        else:
            path.write_text(text)
    return int(check and bool(stale))


def _now(name: str) -> str | None:
    path = FOLDER / f"{name}.md"
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
