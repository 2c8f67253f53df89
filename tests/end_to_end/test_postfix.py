"""A real mail server in front: what it hands on arrives, and what the hub says is what its senders hear."""

import hashlib
import json
import re
import smtplib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.hub_process import HubProcess
from tests.end_to_end.mailing import SALES, SUPPORT, letter, take_mail
from tests.end_to_end.own_postfix import OwnPostfix
from tests.listening.certificates import certificate

pytestmark = pytest.mark.server("postfix")
MANY = 60


@pytest.fixture
def mailed(tmp_path: Path) -> Iterator[tuple[HubProcess, OwnPostfix]]:
    """Postfix hands mail to Support on by SMTP, encrypted, and mail to Sales and all others by LMTP."""
    hub = HubProcess(tmp_path)
    ports = take_mail(hub)
    settings = json.loads(hub.config.read_text())
    settings["listeners"]["smtp"] = {
        "address": settings["listeners"]["smtp"],
        "tls": certificate(tmp_path),
        "require_tls": True,
    }
    hub.config.write_text(json.dumps(settings))
    lmtp = f"lmtp:inet:127.0.0.1:{ports['lmtp']}"
    routes = {SUPPORT: f"smtp:[127.0.0.1]:{ports['smtp']}", SALES: lmtp, "example.com": lmtp}
    with hub, OwnPostfix(routes, tls="encrypt") as postfix:
        yield hub, postfix


def texts(events: list[dict[str, Any]], channel: str = "") -> list[str]:
    found = [event for event in events if not channel or event["connector"] == channel]
    return [event["data"]["message"]["text"].strip() for event in found]


def swaks(postfix: OwnPostfix, *arguments: str) -> str:
    command = ["swaks", "--server", f"127.0.0.1:{postfix.port}", "--helo", "there.example.org", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode()


def test_mail_comes_by_smtp_and_by_lmtp(mailed: tuple[HubProcess, OwnPostfix]) -> None:
    hub, postfix = mailed
    swaks(postfix, "--from", "mina@example.org", "--to", SUPPORT, "--body", "by smtp")
    swaks(postfix, "--from", "mina@example.org", "--to", SALES, "--body", "by lmtp")
    came = hub.until("message.received", 2)
    assert {event["connector"]: event["data"]["message"]["text"].strip() for event in came} == {
        "support-mail": "by smtp",
        "sales-mail": "by lmtp",
    }
    assert "TLS connection established to 127.0.0.1" in postfix.until_logged("TLSv1.3")


def test_each_recipient_of_one_mail_hears_its_own_answer(mailed: tuple[HubProcess, OwnPostfix]) -> None:
    hub, postfix = mailed
    swaks(postfix, "--from", SUPPORT, "--to", f"{SALES},nobody@example.com", "--body", "to two")
    line = postfix.until_logged("to=<nobody@example.com>")
    assert "status=bounced" in line
    assert "said: 550 5.1.1 nobody here has this address (in reply to RCPT TO command)" in line
    assert "status=sent (250 2.0.0 taken)" in postfix.until_logged(f"to=<{SALES}>")
    assert texts(hub.until("message.received"), "sales-mail") == ["to two"]
    postfix.until_logged("from=<>, size=")  # the bounce, which comes to Support
    assert re.search(rf"to=<{SUPPORT}>.*status=sent \(250", postfix.until_logged(f"to=<{SUPPORT}>"))


def test_a_queue_is_handed_over_once_although_the_hub_is_killed_meanwhile(
    mailed: tuple[HubProcess, OwnPostfix],
) -> None:
    hub, postfix = mailed
    with smtplib.SMTP("127.0.0.1", postfix.port) as client:
        for n in range(MANY):
            to = SUPPORT if n % 2 else SALES
            client.sendmail("mina@example.org", to, letter(f"text {n}", f"q{n}", 100_000 if n % 10 == 0 else 0))
            if n % 20 == 10:
                hub.kill()
                time.sleep(0.2)
                hub.start()
    postfix.until_empty()
    assert sorted(texts(hub.events("message.received"))) == sorted(f"text {n}" for n in range(MANY))


def test_a_large_file_arrives_whole(mailed: tuple[HubProcess, OwnPostfix], tmp_path: Path) -> None:
    hub, postfix = mailed
    file = tmp_path / "large.bin"
    file.write_bytes(hashlib.sha256(b"seed").digest() * (20 << 15))  # 20 MiB
    swaks(postfix, "--from", "mina@example.org", "--to", SUPPORT, "--body", "see file", "--attach", f"@{file}")
    [event] = hub.until("attachment.stored")
    assert event["data"]["attachment"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_is_too_large_is_bounced_and_not_sent_again(mailed: tuple[HubProcess, OwnPostfix]) -> None:
    hub, postfix = mailed
    with smtplib.SMTP("127.0.0.1", postfix.port) as client:
        client.sendmail(SALES, SUPPORT, letter("too large", "large", 30 << 20))
    line = postfix.until_logged(f"to=<{SUPPORT}>")
    assert "status=bounced (message size" in line
    assert hub.get("/readyz")["status"] == "ok"
