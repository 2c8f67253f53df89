"""Who may open a mailbox, and that no word is said in the clear that should not be."""

import asyncio
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.kit.errors import Misconfigured
from tests.channels.email.email_sender import plugin
from tests.channels.email.imap_asker import asked, refused
from tests.channels.email.imap_hub import letter
from tests.channels.email.own_dovecot import OwnDovecot

pytestmark = pytest.mark.server("dovecot")


def test_a_wrong_password_is_for_the_operator():
    with OwnDovecot() as dovecot:
        error = refused(dovecot.url.replace("nobody", "somebody"))
    assert (type(error), error.detail) == (
        Misconfigured,
        "the mail server refuses the login [AUTHENTICATIONFAILED]",
    )


def test_with_tls_the_certificate_is_checked_and_without_it_no_password_leaves():
    with OwnDovecot(ssl="required") as dovecot:
        trusted = {"imap_tls": "required", "ca_file": dovecot.ca_file}
        for imap in (dovecot.at(dovecot.tls_port, "imaps"), dovecot.url):
            assert asked(None, imap=imap, **trusted)[0]["uid"] == 0
            error = refused(imap, imap_tls="required")
            assert type(error) is Misconfigured
            assert error.detail.startswith("the mail server's certificate is not trusted: ")
    with OwnDovecot(ssl="no") as dovecot:
        error = refused(dovecot.url, imap_tls="required")
        assert error.detail == "the mail server offers no STARTTLS; with `imap_tls: none` all goes unencrypted"
        assert "Login:" not in dovecot.log()


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
def test_news_are_heard_through_tls(scheme):
    with OwnDovecot(ssl="yes") as dovecot:
        imap = dovecot.at(dovecot.tls_port if scheme == "imaps" else dovecot.port, scheme)

        async def run():
            asker = plugin(imap=imap, imap_tls="required", ca_file=dovecot.ca_file, imap_idle_seconds=30)
            begin = (await asker.poll(None)).cursor
            waiting = asyncio.create_task(asker.poll(begin))
            await asyncio.sleep(1)
            began = time.monotonic()
            await asyncio.to_thread(dovecot.deliver, letter("hello"))
            collected = await waiting
            took = time.monotonic() - began
            octets = [chunk async for chunk in collected.chunks]
            await asker.close()
            return octets, took

        octets, took = asyncio.run(run())
        assert octets == [letter("hello")]
        assert took < 5


class KnowsTokens(BaseHTTPRequestHandler):
    def do_GET(self):
        good = self.path.endswith("token=token-nobody-shall-see")
        self.send_response(200 if good else 401)
        self.end_headers()
        self.wfile.write(b'{"email": "help@example.com"}' if good else b'{"error": "invalid_token"}')

    def log_message(self, *_):
        pass


def test_an_access_token_opens_the_mailbox_and_a_file_is_read_at_each_login(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), KnowsTokens) as knows:
        threading.Thread(target=knows.serve_forever, daemon=True).start()
        with OwnDovecot(introspection=knows.server_port) as dovecot:
            imap = dovecot.url.replace(":password-nobody%2Fshall%40see", "")
            assert asked(None, imap=imap, imap_token="token-nobody-shall-see")[0]["uid"] == 0
            file = tmp_path / "token"
            file.write_text("expired\n")
            error = refused(imap, imap_token_file=str(file))
            assert (type(error), error.code) == (Misconfigured, "auth_failed")
            file.write_text("token-nobody-shall-see\n")
            assert asked(None, imap=imap, imap_token_file=str(file))[0]["uid"] == 0
            file.unlink()
            error = refused(imap, imap_token_file=str(file))
            assert error.detail == "imap_token_file cannot be read: FileNotFoundError"
        knows.shutdown()
