"""`onethread serve` as a process: ready, reloaded, drained, and refused in one sentence."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from hubs import ENVIRONMENT, command, served

TOKEN = "110201543:FIXTURE-token_of_the_tests-0000000000"
CONNECTED = f"""\
public_url: https://hub.example.com
connectors:
  support: {{plugin: telegram, token: "{TOKEN}", secret_token: "file:secret"}}
"""
EMPTY_UPDATE = b'{"update_id": 1}'
LONG = "x" * 256


def post(hub, secret: str) -> int:
    headers = {"x-telegram-bot-api-secret-token": secret, "content-type": "application/json"}
    return requests.post(f"{hub.url}/in/support", EMPTY_UPDATE, headers=headers, timeout=10).status_code


def write(folder: Path, config: str = CONNECTED) -> Path:
    (folder / "secret").write_text("first-secret")
    (folder / "onethread.yaml").write_text(config)
    return folder


def until(condition) -> None:
    """Waits for another process, which calls nobody."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_ready_hub_says_where_it_is_and_ends_well_when_told_to(tmp_path):
    with served(write(tmp_path)) as hub:
        assert hub.ready == {
            "url": hub.url,
            "public_url": "https://hub.example.com",
            "connectors": ["support"],
            "roles": ["receive", "deliver", "relay", "stream", "clock"],
        }
        assert requests.get(f"{hub.url}/healthz", timeout=10).json() == {"status": "ok"}
        assert post(hub, "first-secret") == 200
        assert hub.end(signal.SIGTERM) == 0
        assert [line["event"] for line in hub.logged()] == ["started", "stopped"]
    [(owner, until)] = sqlite3.connect(tmp_path / "onethread.db").execute("SELECT owner, lease_until FROM lanes")
    assert (owner, until) == ("", 0)


def test_ctrl_c_ends_it_well_too(tmp_path):
    with served(write(tmp_path, "{}")) as hub:
        assert hub.end(signal.SIGINT) == 0


def test_the_ready_line_for_people_says_what_comes_next(tmp_path):
    write(tmp_path)
    serve = [sys.executable, "-m", "gateway.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        serve, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as hub:
        assert hub.stdout
        said = [hub.stdout.readline() for _ in range(4)]
        hub.send_signal(signal.SIGTERM)
    assert said[0].startswith("onethread takes messages at http://127.0.0.1:")
    assert "https://hub.example.com/in/<connector>   (support)" in said[1]
    assert f"onethread keys create --scope admin --config {tmp_path / 'onethread.yaml'}" in said[2]
    assert "/v1/events?wait=30" in said[3]


def test_sighup_reads_secrets_anew_and_a_broken_file_changes_nothing(tmp_path):
    with served(write(tmp_path)) as hub:
        (tmp_path / "secret").write_text("second-secret")
        assert post(hub, "second-secret") == 403
        hub.process.send_signal(signal.SIGHUP)
        until(lambda: post(hub, "second-secret") == 200)
        (tmp_path / "onethread.yaml").write_text("conectors: {}\n")
        hub.process.send_signal(signal.SIGHUP)
        until(lambda: hub.logged()[-1]["event"] == "configuration_refused")
        assert hub.logged()[-1]["problems"] == [
            f'{tmp_path / "onethread.yaml"}:1:1: conectors: unknown key; did you mean "connectors"?'
        ]
        assert post(hub, "second-secret") == 200
        assert hub.end() == 0


def test_a_changed_file_is_applied_and_says_once_what_waits_for_a_restart(tmp_path):
    with served(write(tmp_path, "{}")) as hub:
        assert post(hub, "first-secret") == 404
        write(tmp_path, CONNECTED + "files: ./elsewhere\n")
        until(lambda: post(hub, "first-secret") == 200)
        assert hub.end() == 0
    told = [(line["event"], line.get("settings")) for line in hub.logged() if line["event"] != "stopped"]
    assert told == [
        ("started", None),
        ("takes effect when the hub is started again", ["files"]),
        ("configuration applied", None),
    ]


def refused(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    told = command(folder, "serve", "--port", "0", *arguments, **environment)
    assert told.stdout == ""
    return told.returncode, told.stderr.replace(f"{folder}/", "")


def test_a_port_in_use_is_told_and_may_be_tried_again(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(write(tmp_path, "{}"), "--port", str(port)) == (
            75,
            f"127.0.0.1:{port} is in use by another process; --port chooses another\n",
        )
    assert [path.name for path in tmp_path.glob("*.serving")] == []


@pytest.mark.parametrize("host", ["a" * 300, "\udcff", "no..host"])
def test_what_is_no_host_is_told(tmp_path, host):
    code, told = refused(write(tmp_path, "{}"), "--host", host)
    assert (code, told.startswith("cannot listen on "), len(told.splitlines())) == (78, True, 1)


def test_a_store_is_served_by_one_process(tmp_path):
    with served(write(tmp_path, "{}")) as hub:
        expected = f"the store onethread.db is served by process {hub.process.pid} already\n"
        assert refused(tmp_path) == (75, expected)
        hub.process.kill()
        hub.end()
    with served(tmp_path) as next_one:
        assert next_one.end() == 0


@pytest.mark.parametrize(
    ("config", "code", "sentence"),
    [
        (
            "store: sqlite:///secret/hub.db\n",
            74,
            "the store's folder secret cannot be written: Not a directory",
        ),
        ("store: sqlite:///garbage.db\n", 74, "the store garbage.db cannot be opened: file is not a database"),
        (
            "store: sqlite:///later.db\n",
            74,
            "the store later.db cannot be opened: its schema '9999' is of a newer release",
        ),
        ("files: ./secret\n", 78, "onethread.yaml:1:8: files: expected a folder, and something else stands there"),
        (f"files: {LONG}\n", 74, f"the folder for files {LONG} cannot be used: File name too long"),
        ("listen: 192.0.2.1:0\n", 78, "cannot listen on 192.0.2.1:0: Cannot assign requested address"),
        (
            "public_url: ${NOWHERE}\n",
            78,
            "onethread.yaml:1:13: public_url: the environment variable NOWHERE is not set",
        ),
        ("connectors: [\n", 78, "onethread.yaml:2:1: expected the node content, but found '<stream end>'"),
    ],
)
def test_what_it_cannot_run_by_is_one_sentence(tmp_path, config, code, sentence):
    (tmp_path / "garbage.db").write_bytes(b"no database" * 1000)
    with sqlite3.connect(tmp_path / "later.db") as later:
        later.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        later.execute("INSERT INTO alembic_version VALUES ('9999')")
    later.close()
    assert refused(write(tmp_path, config)) == (code, f"{sentence}\n")


def test_a_file_that_is_not_there_is_told_with_the_remedy(tmp_path):
    assert refused(tmp_path) == (78, "onethread.yaml: there is no such file; `onethread init` writes one\n")


def test_under_a_wsgi_server_the_hub_runs_beside_it_and_is_drained_at_the_end(tmp_path):
    story = """
import json
from gateway.wsgi import create
client = create("onethread.yaml").test_client()
headers = {"x-telegram-bot-api-secret-token": "first-secret"}
print(json.dumps([
    client.get("/healthz").json,
    client.post("/in/support", data=b'{"update_id": 1}', headers=headers).status_code,
    client.get("/readyz").status_code,
]))
"""
    told = subprocess.run(
        [sys.executable, "-c", story],
        cwd=write(tmp_path),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert json.loads(told.stdout) == [{"status": "ok"}, 200, 200]
    assert [json.loads(line)["event"] for line in told.stderr.splitlines()] == ["started", "stopped"]
    with sqlite3.connect(tmp_path / "onethread.db") as store:
        assert list(store.execute("SELECT owner FROM lanes")) == [("",)]
    store.close()
