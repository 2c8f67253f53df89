"""kill -9 while mail is collected: every mail of the mailbox is there, once, and in its order."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.channels.email.imap_hub import letter
from tests.channels.email.own_dovecot import OwnDovecot, until
from tests.end_to_end.hub_process import HubProcess

pytestmark = [pytest.mark.kill, pytest.mark.server("dovecot")]
MAILS = 200
KILLS = 3


def collect(hub: HubProcess, imap: str) -> None:
    settings = json.loads(hub.config.read_text())
    mail = {"plugin": "email", "address": "help@example.com", "smtp": "smtp://127.0.0.1:9", "imap": imap}
    settings["connectors"] = {"mail": {**mail, "imap_tls": "none", "imap_days": 1, "imap_after": "move:Taken"}}
    hub.config.write_text(json.dumps(settings))


def received(hub: HubProcess) -> list[str]:
    return [event["data"]["message"]["text"] for event in hub.events("message.received")]


def recorded(hub: HubProcess) -> int:
    with closing(sqlite3.connect(hub.folder / "onethread.db")) as store:
        return int(store.execute("SELECT count(*) FROM messages").fetchone()[0])


def test_kills_lose_no_mail_and_double_none(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    wanted = [f"mail {n}" for n in range(MAILS)]
    with OwnDovecot() as dovecot:
        with dovecot.client() as client:
            client.create("Taken")
        dovecot.deliver(*(letter(text, filling=90_000 if n % 20 == 7 else 0) for n, text in enumerate(wanted)))
        with hub:
            hub.stop()
            collect(hub, dovecot.url)
            hub.start()
            cut = []
            for n in range(KILLS):
                until(lambda n=n: recorded(hub) >= (n + 1) * MAILS // 5)
                hub.kill()
                cut.append(recorded(hub))
                hub.start()
            assert max(cut) < MAILS
            until(lambda: len(received(hub)) >= MAILS, lambda: str(len(received(hub))), 60)
            assert received(hub) == wanted
            until(lambda: not dovecot.flags(), lambda: str(dovecot.flags()))
