"""What leaves: read again by Python's own parser, refused by the relay at every stage, streamed from files."""

import asyncio
import base64
import resource
import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from email_sender import ANN, NOW, PASSWORD, SETTINGS, TOKEN, certificate_in, config, during, file, text
from hypothesis import given
from hypothesis import strategies as st

from connectors.channels.email import Email
from connectors.channels.email.dkim import signed
from connectors.channels.email.simulator import Simulator
from connectors.families.mail.compose import compose, encoded
from connectors.families.mail.mime_fields import words
from connectors.kit.base import Sent, Tools
from connectors.kit.errors import (
    KitError,
    Misconfigured,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.http import Http
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.parts import MediaKind, MediaPart, Span, SpanKind
from normalizer.payload import Payload


@pytest.fixture
def relay():
    with Simulator(SETTINGS) as simulator:
        yield simulator


def letter(outbound=None, **settings):
    made = config(**settings)
    return compose(outbound or text(), made, made.signer(), NOW)


def read(outbound=None, **settings) -> EmailMessage:
    octets = b"".join(letter(outbound, **settings).chunks())
    message = message_from_bytes(octets, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert all(not part.defects for part in message.walk())
    assert all(len(line) <= 998 for line in octets.split(b"\r\n"))
    assert b"\n" not in octets.replace(b"\r\n", b"")
    return message


def with_files(*files, words=""):
    parts = tuple(
        MediaPart(attachment_id=one.attachment_id, kind=MediaKind.FILE, media_type=one.media_type) for one in files
    )
    return text(payload=Payload(text=words, media=parts), files={one.attachment_id: one for one in files})


def failed(relay, outbound=None, **settings) -> KitError:
    with pytest.raises(KitError) as error:
        during(relay, lambda plugin: plugin.send(outbound or text()), **settings)
    return error.value


# --- as it is written -----------------------------------------------------------------------------------------------


def test_a_mail_is_what_it_says():
    message = read(text("It left.\n", subject="包裹", references=("a@x.example",), reply_to="b@x.example"))
    assert {name: str(message[name]) for name in ("From", "To", "Subject", "Date", "In-Reply-To", "References")} == {
        "From": "Example Support <help@example.com>",
        "To": ANN,
        "Subject": "Re: 包裹",
        "Date": "Sat, 21 Nov 2026 10:00:00 +0000",
        "In-Reply-To": "<b@x.example>",
        "References": "<a@x.example> <b@x.example>",
    }
    assert message["Message-ID"] == f"<{TOKEN}@example.com>"
    assert message.get_content() == "It left.\r\n"


def test_without_a_secret_no_address_is_signed():
    made = letter(secret=None)
    assert made.mail_from == "help@example.com"
    assert b"Reply-To" not in made.head
    assert b"X-Onethread" not in made.head


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_no_subject_makes_another_header(subject):
    message = read(text(subject=subject, references=("a@x.example",)))
    assert set(message.keys()) == set(read(text(subject="x", references=("a@x.example",))).keys())


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_an_encoded_value_reads_as_it_was(value):
    if "\u2028" not in value and "\u2029" not in value:
        assert words(encoded(value).replace("\r\n ", " ")).split() == value.replace("\ufeff", "").split()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n.="), max_size=400))
def test_a_text_arrives_as_it_was(written):
    got = read(text(written)).get_content()
    assert got.replace("\r\n", "\n").rstrip("\n") == written.rstrip("\n")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120))
def test_no_name_of_a_file_makes_another_header(tmp_path_factory, name):
    path = tmp_path_factory.mktemp("files") / "f"
    path.write_bytes(b"x")
    (part,) = read(with_files(file(path, name))).iter_attachments()
    assert set(part.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}
    assert part.get_content() == b"x"


def test_formatting_is_beside_plain_text():
    spans = (
        Span(kind=SpanKind.BOLD, offset=0, length=4),
        Span(kind=SpanKind.ITALIC, offset=2, length=4),
        Span(kind=SpanKind.LINK, offset=7, length=4, url='https://x.example/?a=1&b="2"'),
        Span(kind=SpanKind.LINK, offset=0, length=2, url="javascript:alert(1)"),
    )
    message = read(text(payload=Payload(text="bold & <i>\nx", spans=spans)))
    plain, html = message.iter_parts()
    assert html.get_content().replace("\r", "").strip() == (
        '<html><body><div dir="auto"><b>bo</b><b><i>ld</i></b><i> &amp;</i> <a href="https://x.example/?a=1&amp;b='
        '&quot;2&quot;">&lt;i&gt;<br>\n</a>x</div></body></html>'
    )
    assert "<b>" not in plain.get_content()


def test_a_thread_keeps_its_first_and_its_last_ids():
    many = tuple(f"m{n}@x.example" for n in range(100))
    kept = str(read(text(references=many))["References"]).split()
    assert kept == ["<m0@x.example>", *(f"<m{n}@x.example>" for n in range(81, 100))]


def test_names_that_are_no_message_ids_are_left_out():
    message = read(text(references=("sha256:ab", "a b@x", "<a@x>", "ok@x.example"), reply_to="x\r\nBcc: y@z"))
    assert str(message["References"]) == "<ok@x.example>"
    assert message["Bcc"] is None


def test_files_too_large_together_are_refused_before_anything_is_sent(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 600)
    with pytest.raises(Refused) as error:
        letter(with_files(file(tmp_path / "a"), file(tmp_path / "a", "b")), most_octets=599)
    assert error.value.code == ErrorCode.MEDIA_TOO_LARGE


def test_a_large_file_is_never_in_memory(relay, tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as made:
        for n in range(24):
            made.write(bytes([n]) * 1_000_000)
    outbound = with_files(file(path, "large.bin", "application/octet-stream"))
    pieces = [len(chunk) for chunk in letter(outbound).chunks()]
    assert max(pieces) < 100_000
    assert abs(sum(pieces) - letter(outbound).size) < 2000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    during(relay, lambda plugin: plugin.send(outbound))
    (request,) = relay.requests
    received = message_from_bytes(
        b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body
    )
    assert received.get_payload()[0].get_payload(decode=True) == path.read_bytes()
    # The relay is in this process and holds several copies; the sender holds none.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


# --- what the relay says --------------------------------------------------------------------------------------------


def test_a_mail_is_handed_in_once(relay):
    sent = during(relay, lambda plugin: plugin.send(text(".leading\n..two\n.")))
    (request,) = relay.performed
    assert sent == Sent((f"{TOKEN}@example.com",))
    assert request.body == b".leading\r\n..two\r\n.\r\n"
    assert (request.headers["mail-from"], request.headers["rcpt-to"]) == (letter().mail_from, ANN)


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ("550 5.1.1 User unknown", Unreachable, ErrorCode.INVALID_ADDRESS),
        ("550 No such user here", Unreachable, ErrorCode.INVALID_ADDRESS),
        ("550 Requested action not taken", Unreachable, ErrorCode.UNREACHABLE),
        ("550 5.2.1 Mailbox disabled", Unreachable, ErrorCode.UNREACHABLE),
        ("552 5.2.2 Mailbox full", Unreachable, ErrorCode.UNREACHABLE),
        ("556 5.1.10 Domain does not accept mail", Unreachable, ErrorCode.INVALID_ADDRESS),
        ("550 5.4.4 Host not found", Unreachable, ErrorCode.INVALID_ADDRESS),
        ("550 5.7.1 Rejected by policy", Refused, ErrorCode.POLICY_REJECTED),
        ("550 5.7.1 Recipient has blocked you", OptedOut, ErrorCode.OPTED_OUT),
        ("554 5.7.1 <x@y>: Relay access denied", Misconfigured, ErrorCode.MISCONFIGURED),
        ("553 5.7.1 Sender address rejected: not owned by user", Misconfigured, ErrorCode.MISCONFIGURED),
        ("530 5.7.0 Authentication required", Misconfigured, ErrorCode.AUTH_FAILED),
        ("451 4.7.1 Greylisted, try again in 300 seconds", Temporary, ErrorCode.RATE_LIMITED),
        ("452 4.2.2 Mailbox full", Temporary, ErrorCode.UNREACHABLE),
        ("450 4.4.3 DNS down", Temporary, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_a_recipient_refused_has_a_name(relay, answer, error, code):
    status, _, words_ = answer.partition(" ")
    relay.answers[ANN] = Reply(int(status), words_.encode())
    raised = failed(relay)
    assert (type(raised), raised.code, raised.detail) == (error, code, answer)
    assert relay.performed == []


def test_greylisting_stops_nobody_else_and_being_throttled_stops_the_lane(relay):
    relay.answers[ANN] = Reply(451, b"4.7.1 Greylisted")
    assert failed(relay).retry_after is None
    relay.answers[ANN] = Reply(421, b"4.7.28 Too much mail from you")
    assert failed(relay).retry_after == 60.0
    during(relay, lambda plugin: plugin.send(text(to="bob@example.net")))
    assert [request.headers["rcpt-to"] for request in relay.performed] == ["bob@example.net"]


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ("552 5.3.4 Message too big", Refused, ErrorCode.MEDIA_TOO_LARGE),
        ("554 5.6.1 Attachment type not allowed", Refused, ErrorCode.MEDIA_UNSUPPORTED),
        ("554 5.7.1 Spam", Refused, ErrorCode.POLICY_REJECTED),
        ("554 Transaction failed", Refused, ErrorCode.POLICY_REJECTED),
        ("451 4.3.0 Try later", Temporary, ErrorCode.PROVIDER_DOWN),
        ("452 4.3.1 Disk full", Temporary, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_a_mail_refused_has_a_name(relay, answer, error, code):
    status, _, words_ = answer.partition(" ")
    relay.reply = Reply(int(status), words_.encode())
    raised = failed(relay)
    assert (type(raised), raised.code) == (error, code)
    assert relay.performed == []


@pytest.mark.parametrize("failure", [Failure.RESET, Failure.LOST_ANSWER])
def test_after_the_dot_nothing_is_known_but_by_the_answer(relay, failure):
    relay.next(failure)
    assert type(failed(relay)) is OutcomeUnknown


def test_a_wrong_password_pauses_and_shows_nowhere(relay):
    relay.login = ("hub", "another")
    exchanges = []
    with pytest.raises(Misconfigured) as error:
        during(
            relay,
            lambda plugin: plugin.send(text()),
            exchanges.append,
            smtp=f"{relay.url.replace('//', '//hub:hunter2@')}",
        )
    assert error.value.code == ErrorCode.AUTH_FAILED
    assert "hunter2" not in repr(error.value) + repr(exchanges)


def test_the_exchange_log_has_envelope_and_answer(relay):
    exchanges = []
    during(relay, lambda plugin: plugin.send(text("It left.")), exchanges.append)
    (exchange,) = exchanges
    assert (exchange.method, exchange.url, exchange.status, exchange.error) == ("SMTP", relay.url, 250, None)
    assert exchange.request_body.startswith(f"MAIL FROM:<{letter().mail_from}>\nRCPT TO:<{ANN}>\n")
    assert "It left." in exchange.request_body
    assert PASSWORD not in repr(exchange)


def test_a_connection_that_is_lost_before_the_dot_is_temporary(tmp_path):
    (tmp_path / "large").write_bytes(bytes(8 << 20))

    async def hangs_up(reader, writer):
        writer.write(b"220 relay\r\n")
        for answer in (b"250 relay\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            await reader.readline()
            writer.write(answer)
        await reader.read(10)
        writer.close()

    outbound = with_files(file(tmp_path / "large"))
    assert type(talk(hangs_up, outbound)) is Temporary


def test_a_connection_that_is_lost_after_the_dot_is_not():
    async def hangs_up(reader, writer):
        writer.write(b"220 relay\r\n")
        for answer in (b"250 relay\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            await reader.readline()
            writer.write(answer)
        await reader.readuntil(b"\r\n.\r\n")
        writer.close()

    assert type(talk(hangs_up)) is OutcomeUnknown


@pytest.mark.parametrize(
    "greeting", [b"", b"garbage\r\n", b"554 5.7.1 go away\r\n", b"421 4.3.2 later\r\n", b"220-" * 9999]
)
def test_a_server_that_does_not_greet_takes_nothing(greeting):
    async def greets(_, writer):
        writer.write(greeting)
        await asyncio.sleep(0)
        writer.close()

    assert type(talk(greets)) in (Temporary, Misconfigured)


def test_a_relay_without_an_address_is_tried_again():
    async def send():
        made = config(smtp="smtp://no-such-host.invalid:587")
        await Email(made, Tools("mail", Http("mail"), lambda: NOW)).send(text())

    with pytest.raises(Temporary):
        asyncio.run(send())


def test_a_ca_file_that_is_not_there_is_the_operators_matter(relay):
    raised = failed(relay, ca_file="/nowhere/ca.pem", smtp=relay.url.replace("smtp:", "smtps:"))
    assert (type(raised), raised.detail) == (Misconfigured, "ca_file cannot be read")


def test_a_server_that_says_nothing_is_given_up():
    async def waits(reader, _):
        await reader.read()

    assert type(talk(waits, send_seconds=0.3)) is Temporary


def talk(server, outbound=None, **settings):
    """The error of a send to a server of one's own."""

    async def run():
        async def served(reader, writer):
            try:
                await server(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        async with await asyncio.start_server(served, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            made = config(**{"smtp": f"smtp://127.0.0.1:{port}", "send_seconds": 5.0, **settings})
            with pytest.raises(KitError) as error:
                await Email(made, Tools("mail", Http("mail"), lambda: NOW)).send(outbound or text())
            return error.value

    return asyncio.run(run())


# --- encryption -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certificate_in(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def encrypting(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with Simulator(SETTINGS, tls=context) as simulator:
        yield simulator


def at_localhost(relay):
    return relay.settings()["smtp"].replace("127.0.0.1", "localhost")


def test_the_password_leaves_after_starttls(encrypting, certificate):
    settings = {"tls": "required", "ca_file": str(certificate), "smtp": at_localhost(encrypting)}
    during(encrypting, lambda plugin: plugin.send(text()), **settings)
    assert len(encrypting.performed) == 1
    account = during(encrypting, lambda plugin: plugin.check(), **settings)
    assert (account.name, account.details["tls"], account.details["user"]) == ("help@example.com", "yes", "hub")


def test_a_certificate_nobody_vouches_for_pauses_the_lane(encrypting):
    raised = failed(encrypting, tls="required", smtp=at_localhost(encrypting))
    assert (type(raised), encrypting.requests) == (Misconfigured, [])
    assert "certificate is not trusted" in raised.detail


def test_without_starttls_no_password_leaves(relay):
    raised = failed(relay, tls="required")
    assert (type(raised), relay.requests) == (Misconfigured, [])
    raised = failed(relay, tls="offered")
    assert (type(raised), relay.requests) == (Misconfigured, [])


def test_a_port_without_tls_is_the_operators_matter(relay):
    raised = failed(relay, smtp=relay.url.replace("smtp:", "smtps:"))
    assert type(raised) in (Misconfigured, Temporary)
    assert relay.requests == []


def test_a_check_logs_in_and_sends_nothing(relay):
    account = during(relay, lambda plugin: plugin.check())
    assert account.details["relay"] == relay.url
    with pytest.raises(Misconfigured):
        during(relay, lambda plugin: plugin.check(), smtp=relay.url.replace("//", "//hub:wrong@"))
    assert relay.requests == []


def test_addresses_beyond_ascii_go_where_the_relay_takes_them(relay):
    during(relay, lambda plugin: plugin.send(text(to="анна@example.net")))
    (request,) = relay.performed
    assert request.headers["rcpt-to"] == request.headers["to"] == "анна@example.net"


# --- signatures -----------------------------------------------------------------------------------------------------


def test_a_signature_convinces_another_implementation(tmp_path):
    import dkim
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()).decode()
    public = key.public_key().public_bytes(forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo)
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}".encode()

    def dns(name, timeout=5):
        return record if name == b"hub._domainkey.example.com." else b""

    (tmp_path / "f").write_bytes(b"content" * 9999)
    made = config(dkim_key=pem, dkim_selector="hub")
    for outbound in (
        text("words", subject="包裹" * 30, references=tuple(f"m{n}@x.example" for n in range(30))),
        with_files(file(tmp_path / "f", "发票.pdf"), words="see\n.\n"),
    ):
        octets = b"".join(signed(letter(outbound), made, NOW).chunks())
        assert dkim.verify(octets, dnsfunc=dns)
        assert not dkim.verify(octets.replace(b"From: ", b"From: x", 1), dnsfunc=dns)
        assert not dkim.verify(octets.replace(b"Content-Type: text", b"Content-Type: tex"), dnsfunc=dns)
        assert not dkim.verify(b"From: eve@evil.example\r\n" + octets, dnsfunc=dns)


def test_a_key_that_is_none_is_the_operators_matter(relay):
    raised = failed(relay, dkim_key="no key", dkim_selector="hub")
    assert (type(raised), relay.requests) == (Misconfigured, [])
