"""Which roles there are, how they are named, and what they need to run apart."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from connectors.kit.secret import Secret
from gateway.roles import ALL, NotApart, Role, UnknownRole, must_fit, named, roles_of
from gateway.settings import Settings
from gateway.settings.loading import load

SHARED, BROKER = "postgresql://hub@db.example.com/hub", Secret("amqp://guest:guest@mq.example.com//")


def settings_in(folder: Path, store: str | None = None, bus: Secret | None = None) -> Settings:
    (folder / "onethread.yaml").write_text("{}")
    settings = load(folder / "onethread.yaml", {})
    return msgspec.structs.replace(settings, store=store or settings.store, bus_url=bus or settings.bus_url)


def test_roles_are_named_one_by_one_or_with_commas() -> None:
    assert roles_of([]) == ALL
    assert roles_of(["relay"]) == {Role.RELAY}
    assert roles_of(["receive, deliver", "clock"]) == {Role.RECEIVE, Role.DELIVER, Role.CLOCK}
    assert named(roles_of(["clock,receive"])) == ("receive", "clock")


@pytest.mark.parametrize("name", ["relays", "", "receive,", "RELAY"])
def test_what_is_no_role_is_told(name: str) -> None:
    with pytest.raises(UnknownRole, match=r"there is no role .*: there are receive, deliver, relay, stream, clock"):
        roles_of([name])


def test_all_roles_run_on_any_store_and_bus(tmp_path: Path) -> None:
    must_fit(settings_in(tmp_path), ALL)


def test_some_roles_need_a_store_and_a_bus_that_processes_share(tmp_path: Path) -> None:
    some = ALL - {Role.CLOCK}
    with pytest.raises(NotApart, match=r"onethread.yaml: store: .* SQLite.* configure postgresql://"):
        must_fit(settings_in(tmp_path, bus=BROKER), some)
    with pytest.raises(NotApart, match=r"onethread.yaml: bus: memory:// .* configure amqp://"):
        must_fit(settings_in(tmp_path, store=SHARED), some)
    must_fit(settings_in(tmp_path, store=SHARED, bus=BROKER), some)
    must_fit(settings_in(tmp_path, store="postgresql+psycopg://hub@db/hub", bus=BROKER), some)


def serve(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    (folder / "onethread.yaml").write_text("{}")
    command = [sys.executable, "-m", "gateway.cli", "serve", "--port", "0", *arguments]
    told = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.stdout == ""
    return told.returncode, told.stderr


def test_a_process_that_could_not_be_joined_by_others_does_not_start(tmp_path: Path) -> None:
    sentence = (
        "onethread.yaml: store: one process serves SQLite, with all roles: leave --role out, or configure"
        " postgresql://user@host/name\n"
    )
    code, told = serve(tmp_path, "--role", "receive", "--role", "deliver,relay")
    assert (code, told.replace(f"{tmp_path}/", "")) == (78, sentence)
    assert serve(tmp_path, ONETHREAD_ROLES="receive deliver")[0] == 78
    assert not (tmp_path / "onethread.db").exists()


def test_a_misspelt_role_is_wrong_usage(tmp_path: Path) -> None:
    said = 'there is no role "recieve": there are receive, deliver, relay, stream, clock; did you mean "receive"?\n'
    assert serve(tmp_path, "--role", "recieve") == (2, said)
