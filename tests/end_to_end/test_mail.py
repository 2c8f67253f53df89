"""Mail, as an operator sees it: configured, moved, put right and stopped while it comes in."""

import json
import smtplib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.end_to_end.hub_process import HubProcess, free_port
from tests.end_to_end.mailing import SUPPORT, letter, take_mail
from tests.listening.office import eventually


@pytest.fixture
def hub(tmp_path: Path) -> HubProcess:
    return HubProcess(tmp_path)


def change(hub: HubProcess, by: Callable[[dict[str, Any]], None]) -> None:
    settings = json.loads(hub.config.read_text())
    by(settings)
    hub.config.write_text(json.dumps(settings))


def send(port: int, text: str) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.sendmail("mina@example.org", SUPPORT, letter(text, text))
    except OSError:
        return False
    return True


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


def ready(hub: HubProcess) -> requests.Response:
    return requests.get(f"{hub.url}/readyz", timeout=10)


def test_listeners_move_when_the_file_changes(hub: HubProcess) -> None:
    ports, moved = take_mail(hub), free_port()
    with hub:
        assert send(ports["smtp"], "before")
        change(hub, lambda settings: settings["listeners"].update(smtp=f"127.0.0.1:{moved}"))
        eventually(lambda: send(moved, "after"))
        assert not send(ports["smtp"], "nobody is here")
        texts = [event["data"]["message"]["text"].strip() for event in hub.until("message.received", 2)]
        assert texts == ["before", "after"]


def test_a_hub_without_its_port_says_so_and_is_ready_once_it_has_it(hub: HubProcess) -> None:
    with hub, socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        change(hub, lambda settings: settings.update(listeners={"smtp": f"127.0.0.1:{port}"}))
        eventually(lambda: ready(hub).status_code == 503)
        assert ready(hub).json()["detail"] == (
            f"listener smtp: 127.0.0.1:{port} is in use by another process;"
            " end that process, or choose another port in listeners.smtp"
        )
        other.close()
        eventually(lambda: ready(hub).status_code == 200)


def test_a_mail_that_is_coming_in_is_taken_before_the_hub_ends(hub: HubProcess) -> None:
    ports = take_mail(hub)
    with hub:
        with smtplib.SMTP("127.0.0.1", ports["smtp"], timeout=20) as client:
            client.ehlo()
            client.mail("mina@example.org")
            client.rcpt(SUPPORT)
            client.putcmd("data")
            assert client.getreply()[0] == 354
            content = letter("the last one", "last", 200_000) + b".\r\n"
            client.send(content[:100_000])
            stopping = threading.Thread(target=hub.stop, daemon=True)
            stopping.start()
            eventually(lambda: not connects(ports["smtp"]))
            client.send(content[100_000:])
            assert client.getreply() == (250, b"2.0.0 taken")
            assert client.getreply() == (421, b"4.3.2 closing; try again later")
        stopping.join()
        hub.start()
        assert [event["data"]["message"]["text"].strip() for event in hub.until("message.received")] == ["the last one"]


def test_metrics_tell_of_mail(hub: HubProcess) -> None:
    ports = take_mail(hub)
    with hub:
        assert send(ports["smtp"], "counted")
        told = requests.get(f"{hub.url}/metrics", timeout=10).text
        assert 'onethread_mail_total{listener="smtp",outcome="taken"} 1.0' in told
        assert 'onethread_mail_sessions{listener="smtp"} 0.0' in told
        assert 'onethread_received_total{connector="support-mail",outcome="recorded"} 1.0' in told
