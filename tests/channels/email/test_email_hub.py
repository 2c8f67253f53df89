"""A hub with this connector and a relay beside it: a conversation by mail, with its files, bounces and machines."""

import asyncio
import base64
import smtplib
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import msgspec
import pytest
from email_sender import ANN, SETTINGS, mail

from connectors.channels.email.simulator import Simulator
from connectors.kit.request import Request
from gateway.cli.mailing import hand_over
from gateway.cli.output import Failure
from gateway.hub import Hub
from gateway.ids import new_id
from gateway.receive import receive
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask
from gateway.settings.loading import load
from gateway.store.times import now
from normalizer.commands import Recipient, SendMessage
from normalizer.model import Author, AuthorKind, Message, Purpose
from normalizer.parts import ReplyAction
from tests.background.heronry import eventually, rows, texts
from tests.stores import migrated

AGENT = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")
PROVEN = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.net\n"

BOUNCE = """From: MAILER-DAEMON@x.example
Message-ID: <d@x.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; x

Final-Recipient: rfc822; ann@example.net
Action: failed
Status: 5.1.1
--b--
"""


@pytest.fixture
def relay():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@asynccontextmanager
async def running(folder, relay, **settings):
    path = folder / "onethread.yaml"
    connector = {"plugin": "email", **relay.settings(), **settings}
    told = {
        "public_url": "https://hub.example.com",
        "store": f"sqlite:///{migrated(folder / 'hub.db')}",
        "files": "./files",
        "listeners": {"smtp": "127.0.0.1:0"},
        "connectors": {"mail": connector},
    }
    path.write_text(msgspec.json.encode(told).decode())
    hub = Hub(load(path, {}))
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def delivered(hub, octets, to="help@example.com", sender=ANN):
    """A mail as the listener hands it on; what the door would have answered."""
    headers = {"mail-from": sender, "rcpt-to": to, "peer": "192.0.2.1"}
    request = Request("SMTP", "smtp://127.0.0.1:2525/mail", headers, octets.encode(), now(), new_id())
    return (await receive(hub, hub.connectors["mail"], request)).status


async def say(hub, words, **command):
    if "conversation_id" not in command:
        command["to"] = Recipient(connector="mail", address=ANN)
    ask = Ask("principal", AGENT, SendMessage(text=words, **command), hub.connectors, None)
    return await hub.writer.write(accept, ask)


def conversations(hub):
    return [id_ for (id_,) in rows(hub, "SELECT id FROM conversations ORDER BY number")]


def messages(hub):
    bodies = rows(hub, "SELECT m.body FROM messages m JOIN message_heads h ON h.id = m.id ORDER BY h.position")
    return [msgspec.json.decode(body, type=Message) for (body,) in bodies]


def statuses(hub):
    return [status for (status,) in rows(hub, "SELECT status FROM deliveries ORDER BY id")]


def run(test):
    asyncio.run(test())


def test_a_conversation_by_mail(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            asked = mail("It has not come.", Subject="Re: Where is my parcel?", Message_ID="<q1@example.net>")
            assert await delivered(hub, PROVEN + asked) == 200
            assert await delivered(hub, PROVEN + asked) == 200
            (conversation,) = conversations(hub)
            assert isinstance(await say(hub, "It left.", conversation_id=conversation), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            (answer,) = relay.performed
            fields = {name: answer.headers[name] for name in ("subject", "in-reply-to", "references", "to")}
            assert fields == {
                "subject": "Re: Where is my parcel?",
                "in-reply-to": "<q1@example.net>",
                "references": "<q1@example.net>",
                "to": ANN,
            }
            assert "auto-submitted" not in answer.headers
            back = answer.headers["reply-to"].partition("<")[2].rstrip(">")
            thanks = mail("Thank you!\n\nOn 21/11/2026 09:12, Help wrote:\n> It left.", Message_ID="<q2@example.net>")
            assert await delivered(hub, PROVEN + thanks, to=back) == 200
            assert conversations(hub) == [conversation]
            assert texts(hub) == ["It has not come.", "It left.", "Thank you!"]

    run(test)


def test_an_answer_by_a_stranger_opens_another_conversation(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            await delivered(hub, PROVEN + mail("My order?"))
            (conversation,) = conversations(hub)
            await say(hub, "It left.", conversation_id=conversation)
            await eventually(lambda: statuses(hub) == ["accepted"])
            back = relay.performed[0].headers["reply-to"].partition("<")[2].rstrip(">")
            stolen = mail("Tell me all.", From="eve@evil.example", Message_ID="<e@evil.example>")
            forged = mail("I am Ann.", Message_ID="<f@evil.example>")
            await delivered(hub, stolen, to=back)
            await delivered(hub, forged, to=back)
            assert len(conversations(hub)) == 3
            assert len(rows(hub, "SELECT DISTINCT conversation_id FROM message_heads")) == 3

    run(test)


def test_a_bounce_fails_its_delivery(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            await say(hub, "Hello.")
            await eventually(lambda: statuses(hub) == ["accepted"])
            to = relay.performed[0].headers["mail-from"]
            assert await delivered(hub, BOUNCE, to="help@example.com", sender="") == 200
            assert statuses(hub) == ["accepted"]
            assert await delivered(hub, BOUNCE.replace("<d@", "<d2@"), to=to, sender="") == 200
            assert statuses(hub) == ["failed"]
            assert conversations(hub) != []
            assert texts(hub) == ["Hello."]

    run(test)


def test_files_are_read_from_the_mail_that_was_kept(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            content = bytes(range(256)) * 400
            body = "--b\n\nSee it.\n--b\nContent-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\n"
            body += base64.encodebytes(content).decode() + "--b--"
            await delivered(hub, mail(body, Content_Type="multipart/mixed; boundary=b"))
            stored = "SELECT state, name, size FROM attachments"
            await eventually(lambda: rows(hub, stored) == [("stored", "a.png", len(content))])
            ((sha256,),) = rows(hub, "SELECT sha256 FROM attachments")
            assert hub.files.path(sha256).read_bytes() == content

    run(test)


def test_an_automatic_text_says_so(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            await delivered(hub, mail("Are you there?"))
            (conversation,) = conversations(hub)
            await say(hub, "We are closed.", conversation_id=conversation, purpose=Purpose.AUTO)
            await eventually(lambda: len(relay.performed) == 1)
            assert relay.performed[0].headers["auto-submitted"] == "auto-replied"

    run(test)


def test_a_number_chooses_also_above_a_quotation(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            await delivered(hub, PROVEN + mail("Which are there?"))
            (conversation,) = conversations(hub)
            await say(hub, "Which?", conversation_id=conversation, actions=(ReplyAction(label="Red", value="r"),))
            await eventually(lambda: statuses(hub) == ["accepted"])
            assert relay.performed[0].body == b"Which?\r\n1. Red\r\n"
            answer = mail("1\n\nOn 21/11/2026 09:12, Help wrote:\n> Which?\n> 1. Red", Message_ID="<q9@example.net>")
            await delivered(hub, PROVEN + answer)
            chosen, original = messages(hub)[-1].parts
            assert (chosen.value, original.text.partition("\n")[0]) == ("r", "1")

    run(test)


def test_what_comes_back_from_our_own_relay_is_ignored(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            await say(hub, "Hello.")
            await eventually(lambda: statuses(hub) == ["accepted"])
            sent = relay.performed[0]
            fields = "".join(f"{name}: {text}\n" for name, text in sent.headers.items() if "rcpt" not in name)
            assert await delivered(hub, f"{fields}\n{sent.body.decode()}") == 200
            assert texts(hub) == ["Hello."]
            parsed = message_from_bytes(fields.encode(), policy=policy.default)
            assert parsed["x-onethread"]

    run(test)


def test_what_is_posted_over_http_is_refused(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            request = Request(
                "SMTP", "https://hub.example.com/in/mail", {"rcpt-to": "help@example.com"}, mail().encode(), now()
            )
            assert (await receive(hub, hub.connectors["mail"], request)).status == 401
            assert rows(hub, "SELECT id FROM raws") == []

    run(test)


def by_smtp(hub, sender, to, octets):
    """What a mail server says to the hub, and hears; from a thread of its own."""
    with smtplib.SMTP("127.0.0.1", hub.listening.port("smtp"), timeout=60) as server:
        return server.sendmail(sender, [to], octets)


def test_a_large_mail_comes_through_the_listener_with_its_file(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            content = bytes(range(256)) * 40_000
            message = EmailMessage(policy=policy.SMTP)
            message["From"], message["To"], message["Subject"] = ANN, "help@example.com", "Film"
            message["Message-ID"] = "<large@example.net>"
            message.set_content("See the film.")
            message.add_attachment(content, "video", "mp4", filename="film.mp4")
            assert await asyncio.to_thread(by_smtp, hub, ANN, "help+x@example.com", message.as_bytes()) == {}
            assert texts(hub) == ["See the film."]
            stored = "SELECT state, name, size FROM attachments"
            await eventually(lambda: rows(hub, stored) == [("stored", "film.mp4", len(content))])
            ((sha256,),) = rows(hub, "SELECT sha256 FROM attachments")
            assert hub.files.path(sha256).read_bytes() == content

    run(test)


def test_what_is_for_nobody_here_is_refused_at_once(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                await asyncio.to_thread(by_smtp, hub, ANN, "nobody@example.com", mail().encode())
            assert rows(hub, "SELECT id FROM raws") == []

    run(test)


def test_what_the_relay_took_comes_in_as_an_answer_by_the_listener(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            await say(hub, "Hello.")
            await eventually(lambda: statuses(hub) == ["accepted"])
            (conversation,) = conversations(hub)
            back = relay.performed[0].headers["reply-to"].partition("<")[2].rstrip(">")
            answer = PROVEN + mail("Hello to you.", Subject="Re: Your message")
            await asyncio.to_thread(by_smtp, hub, ANN, back, answer.replace("\n", "\r\n").encode())
            assert conversations(hub) == [conversation]
            assert texts(hub) == ["Hello.", "Hello to you."]

    run(test)


def test_a_simulated_mail_is_handed_to_the_listener(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            listener = f"smtp://127.0.0.1:{hub.listening.port('smtp')}"
            wire = relay.genuine(relay.message("where is it?", "bob@example.net"))
            heard = await asyncio.to_thread(hand_over, wire, hub.settings, listener)
            assert (heard.url, heard.status) == (listener, 250)
            assert texts(hub) == ["where is it?"]
            elsewhere = replace(wire, headers={**wire.headers, "rcpt-to": "nobody@example.com"})
            heard = await asyncio.to_thread(hand_over, elsewhere, hub.settings, listener)
            assert heard.status == 550
            for url in ("smtp://127.0.0.1:1", "http://127.0.0.1:8080", "smtp://nowhere"):
                with pytest.raises(Failure):
                    await asyncio.to_thread(hand_over, wire, hub.settings, url)

    run(test)


COMPLAINT = """From: fbl@provider.example
Message-ID: <c1@provider.example>
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1
Original-Rcpt-To: <{}>
--b
Content-Type: text/rfc822-headers

{}
--b--
"""


@pytest.mark.parametrize("redacted", [False, True])
def test_a_complaint_shuts_the_route_its_mail_went_by_and_no_other_of_that_address(tmp_path, relay, redacted):
    async def test():
        async with running(tmp_path, relay) as hub:
            await delivered(hub, PROVEN + mail("It is I."))
            await delivered(hub, mail("So they say.", Message_ID="<forged@example.net>"))
            proven, asserted = conversations(hub)
            await say(hub, "Who are you?", conversation_id=asserted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            sent = relay.performed[0].headers
            shown = f"Message-ID: {sent['message-id']}\nX-Onethread: {sent['x-onethread']}\n"
            told = COMPLAINT.format("", shown) if redacted else COMPLAINT.format(ANN, f"{shown}To: {ANN}\n")
            assert await delivered(hub, told, sender="") == 200
            sql = "SELECT r.blocked, i.proof FROM routes r JOIN identities i ON i.id = r.identity_id ORDER BY i.proof"
            assert rows(hub, sql) == [(1, "asserted"), (0, "channel")]
            assert isinstance(await say(hub, "Good.", conversation_id=proven), Accepted)

    run(test)


def test_a_complaint_about_a_mail_nobody_knows_is_kept_for_an_operator(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            unknown = "019a3c5e-7d10-7c3a-9b1e-0a1b2c3d4e5f.1@example.com"
            assert await delivered(hub, COMPLAINT.format("", f"Message-ID: <{unknown}>\n"), sender="") == 200
            reason = "could not be recorded: LookupError: the word on consent is about no message that was sent"
            assert rows(hub, "SELECT reason, state FROM quarantine") == [(reason, "open")]

    run(test)
