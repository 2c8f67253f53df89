"""Nothing an operator or a consumer meets is undocumented, and no page speaks of what is not there."""

import re

import msgspec
import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import gateway.metrics
from connectors.kit import registry
from gateway.api.problems import Code
from gateway.api.routes import ROUTES
from gateway.api.schemas import SENT
from gateway.cli import app
from gateway.cli.output import Exit
from gateway.settings import Limits
from gateway.settings.listening import ListenerEntry, TlsEntry
from gateway.settings.model import Entries, InboxEntry
from gateway.settings.subscribing import SubscriptionEntry
from normalizer.errors import ErrorCode
from scripts.declared import commands
from scripts.reference import FOLDER, PAGES
from tests.project.tree import ROOT, everything, texts

LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
TARGET = re.compile(r"^([a-z-]+):.*##", re.MULTILINE)
MAKE = re.compile(r"^\s*make ([a-z][a-z-]*)", re.MULTILINE)
COMMAND = re.compile(r"^\s*(?:\$ )?(?:\.venv/bin/)?onethread ((?:[a-z]+ ?)+)", re.MULTILINE)
CITED = re.compile(r"docs/[a-z-]+/[\w.-]+\.md")
BLOCK = re.compile(r"^( *)```[a-z]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def page(name):
    return (FOLDER / f"{name}.md").read_text()


def entries(name):
    """What stands in the first column of the page's tables."""
    return set(re.findall(r"^\| `([^`]+)`", page(name), re.MULTILINE))


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_code_says(name):
    assert page(name) == PAGES[name](), "run `make docs`"


def test_every_setting_is_documented():
    known = {
        field.encode_name
        for kind in (Entries, InboxEntry, SubscriptionEntry, ListenerEntry, TlsEntry, Limits)
        for field in msgspec.structs.fields(kind)
    }
    assert known <= entries("settings")


def test_every_connector_is_documented_with_its_settings():
    for name in registry.plugin_names():
        assert f"## `{name}`" in page("connectors")
        assert {field.encode_name for field in msgspec.structs.fields(registry.load(name).Config)} <= entries(
            "connectors"
        )


def test_every_event_is_documented():
    assert set(SENT) <= entries("events")


def test_every_endpoint_is_documented():
    assert [f"## `{route.method} {route.path}`" for route in ROUTES] == re.findall(
        "^## .*", page("http-api"), re.MULTILINE
    )


def test_every_command_is_documented():
    import typer

    known = {name for name, _ in commands("onethread", typer.main.get_command(app))}
    assert known == set(re.findall("^## `(onethread.*)`", page("cli"), re.MULTILINE))
    assert {str(int(code)) for code in Exit} <= entries("cli")


def test_every_metric_is_documented():
    collected = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("onethread_")}
    assert collected == {name.removesuffix("_total") for name in entries("metrics")}


def test_every_metric_is_moved_by_something():
    source = "".join(text for name, text in texts("gateway") if name != "gateway/metrics.py")
    named = [name for name, value in vars(gateway.metrics).items() if isinstance(value, MetricWrapperBase)]
    assert [name for name in named if not re.search(rf"\b{name}\b\.", source)] == []


def test_every_error_is_documented():
    assert {str(code) for code in ErrorCode} <= entries("errors")
    assert all(f"`{code}`" in page("errors") for code in Code)


def test_pages_name_only_make_targets_that_exist():
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    named = {
        target
        for name, text in everything()
        if name.endswith(".md")
        for code in (*re.findall(r"`([^`\n]+)`", text), *(block for _, block in BLOCK.findall(text)))
        for target in MAKE.findall(code)
    }
    assert {"run", "test", "check"} <= named
    assert named <= targets


def test_pages_name_only_commands_that_exist():
    import typer

    known = {name.removeprefix("onethread ") for name, _ in commands("onethread", typer.main.get_command(app))}
    for name, text in texts("docs"):
        for _, block in BLOCK.findall(text):
            for written in COMMAND.findall(block):
                words = written.split()
                assert any(" ".join(words[:n]) in known for n in range(1, len(words) + 1)), f"{name}: {written}"


@pytest.mark.parametrize("name", [name for name, _ in everything() if name.endswith(".md")])
def test_links_lead_somewhere(name):
    folder = (ROOT / name).parent
    assert [link for link in LINK.findall((ROOT / name).read_text()) if not (folder / link).exists()] == []


def test_pages_that_the_source_cites_exist():
    cited = {page for _, text in texts("gateway", "connectors", "normalizer") for page in CITED.findall(text)}
    assert {page for page in cited if not (ROOT / page).exists()} == set()
