"""One MIME core: it reads what Python's parser reads, what that one cannot, and nothing that costs."""

import asyncio
import base64
import quopri
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from time import thread_time

import pytest
from email_sender import ANN, NOW, came, config, mail, parsed, plugin
from hypothesis import given
from hypothesis import strategies as st

from connectors.families.mail.mime import read_structure
from connectors.families.mail.mime_body import CHUNK, chunks, size, start_of, unflowed
from connectors.families.mail.mime_charset import decoded
from connectors.families.mail.mime_fields import content_type, words
from connectors.families.mail.mime_html import safe, to_text
from connectors.families.mail.reading import Envelope, read_mail
from connectors.kit.errors import BadPayload, Refused
from normalizer.inbound import MessageReceived, Unreadable

HEAD = f"From: {ANN}\nMessage-ID: <m@x.example>\n".encode()
SECONDS = 3.0
"""Of this thread's own time."""

# --- as Python reads it ---------------------------------------------------------------------------------------------

lines = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)
bodies = st.lists(lines, max_size=8).map("\n".join)
files = st.tuples(st.binary(max_size=3000), st.sampled_from(["image/png", "application/pdf", "text/csv"]), lines)


@st.composite
def mails(draw):
    message = EmailMessage(policy=SMTP)
    message["From"], message["Message-ID"] = ANN, "<m@x.example>"
    message["Subject"] = draw(lines.map(lambda line: " ".join(line.split())))
    message.set_content(draw(bodies), cte=draw(st.sampled_from(["base64", "quoted-printable"])))
    if draw(st.booleans()):
        message.add_alternative("<p>other</p>", subtype="html")
    for content, kind, name in draw(st.lists(files, max_size=4)):
        main, _, sub = kind.partition("/")
        message.add_attachment(content, main, sub, filename=" ".join(name.split()) or "x")
    return message


@given(mails())
def test_every_part_is_found_and_decoded_as_python_does(message):
    octets = message.as_bytes()
    theirs = [part for part in message_from_bytes(octets).walk() if not part.is_multipart()]
    ours = list(read_structure(octets).leaves())
    assert [leaf.kind for leaf in ours] == [part.get_content_type() for part in theirs]
    for leaf, part in zip(ours, theirs, strict=True):
        assert b"".join(chunks(octets, leaf)).rstrip(b"\r\n") == (part.get_payload(decode=True) or b"").rstrip(b"\r\n")


@given(mails())
def test_newlines_make_no_difference(message):
    wire = message.as_bytes()
    unix = wire.replace(b"\r\n", b"\n")
    (one,), (other,) = plugin().parse(came(wire)), plugin().parse(came(unix))
    assert isinstance(one, MessageReceived)
    assert isinstance(other, MessageReceived)
    assert (one.text, one.subject, [file.name for file in one.media]) == (
        other.text,
        other.subject,
        [file.name for file in other.media],
    )


@given(st.binary(max_size=3 * CHUNK), st.integers(1, 200))
def test_base64_in_pieces_is_what_it_was(content, width):
    encoded = base64.b64encode(content)
    wrapped = b"\r\n".join(encoded[at : at + width] for at in range(0, len(encoded), width))
    octets = HEAD + b"Content-Transfer-Encoding: base64\n\n" + wrapped
    assert b"".join(chunks(octets, read_structure(octets))) == content


@given(st.binary(max_size=CHUNK), st.booleans())
def test_quoted_printable_in_pieces_is_what_python_makes_of_it(content, wrapped):
    encoded = quopri.encodestring(content * 2)
    if not wrapped:
        encoded = encoded.replace(b"=\n", b"")
    octets = HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + encoded
    assert b"".join(chunks(octets, read_structure(octets))) == quopri.decodestring(encoded)


@given(st.binary(min_size=1, max_size=50_000))
def test_the_size_of_a_file_is_told_beforehand(content):
    octets = HEAD + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content).rstrip()
    assert abs(size(octets, read_structure(octets)) - len(content)) <= 4


def test_a_mail_in_a_file_is_read_as_one_in_memory(tmp_path):
    octets = mail("hi").encode()
    (tmp_path / "mail").write_bytes(octets)
    envelope = Envelope(NOW, ("help@example.com",), ANN, "raw-1")
    assert read_mail(tmp_path / "mail", envelope, config()) == read_mail(octets, envelope, config())


# --- what costs -----------------------------------------------------------------------------------------------------

MULTIPART = HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n"
DEEP = b"".join(b"Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n" % (n, n) for n in range(5000))
REFUSED = {
    "a hundred thousand parts": MULTIPART + b"--x\n\nhi\n" * 100_000,
    "parts within parts": HEAD + DEEP,
    "a giant header": HEAD + b"X: " + b"a" * (64 << 20),
    "a giant header of a part": MULTIPART + b"--x\nX: " + b"a" * (1 << 20) + b"\n\nhi\n--x--",
    "lines that are almost boundaries": MULTIPART + b"--x y\n" * 3_000_000,
}
READ = {
    "8,000 newlines": HEAD + b"\n" + b"\n" * 8000,
    "3,000,000 newlines": HEAD + b"\n" + b"\n" * 3_000_000,
    "brackets in From": HEAD + b"From: " + b"(" * 200_000 + b"\n\nhi",
    "addresses in To": HEAD + b"To: " + b"a@b.co," * 30_000 + b"\n\nhi",
    "encoded words": HEAD + b"Subject: " + b"=?a?q?" * 40_000 + b"\n\nhi",
    "many encoded words": HEAD + b"Subject: " + b"=?utf-8?q?a?= " * 15_000 + b"\n\nhi",
    "references": HEAD + b"References: " + b"<a@b> " * 40_000 + b"\n\nhi",
    "parameters": HEAD + b"Content-Type: text/plain" + b';a="\\' * 40_000 + b"\n\nhi",
    "continuations": HEAD
    + b"Content-Type: text/plain"
    + b"".join(b";a*%d=x" % (n % 999) for n in range(20_000))
    + b"\n\nhi",
    "fields": HEAD + b"A: b\n" * 40_000 + b"\nhi",
    "folds": HEAD + b"A: b" + b"\n c" * 80_000 + b"\n\nhi",
    "results": HEAD + b"Authentication-Results: mx.example.com" + b"; dmarc=pass" * 15_000 + b"\n\nhi",
    "quotations": HEAD + b"\n" + b"> a\nb\n" * 200_000,
    "attributions": HEAD + b"\n" + b"On 2026 x wrote\n" * 60_000,
    "headers in the text": HEAD + b"\n" + b"From: a\nTo: b\n" * 70_000,
    "one line": HEAD + b"\n" + b"a" * 20_000_000,
    "escapes": HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 3_000_000,
    "broken lines": HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 400_000,
    "elements within elements": HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
    "elements that do not close": HEAD + b"Content-Type: text/html\n\n" + b"<b><p>" * 9000,
    "comments that do not close": HEAD + b"Content-Type: text/html\n\n" + b"<!--" * 200_000,
    "entities": HEAD + b"Content-Type: text/html\n\n" + b"&" * 500_000,
    "many texts": MULTIPART + (b"--x\nContent-Type: text/html\n\n" + b"<p>a</p>" * 2400 + b"\n") * 50,
}


@pytest.mark.parametrize("octets", REFUSED.values(), ids=REFUSED)
def test_what_is_built_to_cost_is_quarantined_at_once(octets):
    began = thread_time()
    with pytest.raises(BadPayload):
        plugin().parse(came(octets))
    assert thread_time() - began < SECONDS


@pytest.mark.parametrize("octets", READ.values(), ids=READ)
def test_what_is_only_long_is_read_in_bounded_time(octets):
    began = thread_time()
    (item,) = plugin().parse(came(octets))
    assert thread_time() - began < SECONDS
    assert isinstance(item, MessageReceived | Unreadable)


# --- pieces ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        ("朱镕基".encode("gb18030"), "gb2312", "朱镕基"),
        ("“€”".encode("cp1252"), "iso-8859-1", "“€”"),
        ("“€”".encode(), "us-ascii", "“€”"),
        ("é".encode("latin-1"), "utf-8", "\ufffd"),
        ("é".encode("latin-1"), "zip", "é"),
        ("é".encode("latin-1"), "unicode_escape", "é"),
        (b"\\u0041", "raw_unicode_escape", "\\u0041"),
        ("привет".encode("koi8-r"), "KOI8-R", "привет"),
        ("สวัสดี".encode("tis-620"), "TIS-620", "สวัสดี"),
        ("héllo".encode("utf-16"), "utf-16", "héllo"),
        (b"+AOk-", "utf-7", "é"),
        (b"abc", "x" * 5000, "abc"),
        (b"abc", "\0", "abc"),
        (b"abc", None, "abc"),
    ],
)
def test_a_charset_is_read_as_what_it_contains(octets, charset, text):
    assert decoded(octets, charset) == text


@pytest.mark.parametrize(
    ("value", "kind", "parameters"),
    [
        ('text/plain; charset="utf-8"', "text/plain", {"charset": "utf-8"}),
        ("TEXT/HTML;Charset=UTF-8;format=flowed", "text/html", {"charset": "UTF-8", "format": "flowed"}),
        ("a/b; name*=utf-8''%e4%bd%a0.txt", "a/b", {"name": "你.txt"}),
        ("a/b; name*0*=utf-8''%e4; name*1*=%bd%a0; name*2=.txt", "a/b", {"name": "你.txt"}),
        ('a/b; name="a\\"b;c"; x=y', "a/b", {"name": 'a"b;c', "x": "y"}),
        ("a/b; name=un closed; x=1", "a/b", {"name": "un closed", "x": "1"}),
        ("a/b; boundary=one; boundary=two", "a/b", {"boundary": "one"}),
        ("nonsense", "text/plain", {}),
        (None, "text/plain", {}),
    ],
)
def test_a_type_and_its_parameters(value, kind, parameters):
    assert content_type(value) == (kind, parameters)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?a_b?= =?utf-8?q?c?=", "a bc"),
        ("=?utf-8?q?a?= and =?iso-8859-1?q?=E9?=", "a and é"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?utf-8?b?5L2g5aW9?", "=?utf-8?b?5L2g5aW9?"),
        ("=?utf-8?b?5L2g5aW9===?=", "你好"),
        ("a\tb", "a b"),
    ],
)
def test_encoded_words(value, text):
    assert words(value) == text


def test_a_flowed_text_is_its_paragraphs():
    assert unflowed("one \ntwo\n> three \n> four\n>> five\n-- \nAnn", delsp=False) == (
        "one two\n> three four\n>> five\n-- \nAnn"
    )
    assert unflowed("你 \n好", delsp=True) == "你好"


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>hi",
        '<img src="https://track.example/p.gif">hi',
        '<p style="background:url(https://track.example)">hi</p>',
        '<table background="https://track.example"><tr><td>hi</td></tr></table>',
        '<a href="javascript:alert(1)">hi</a>',
        '<a href="data:text/html,x">hi</a>',
        '<svg onload="alert(1)">x</svg>hi',
        '<form action="https://evil.example"><input name="password">hi</form>',
        '<iframe src="https://evil.example"></iframe>hi',
        '<link rel="stylesheet" href="https://track.example">hi',
        '<video poster="https://track.example">hi</video>',
        '<math><mtext><img src="https://track.example"></mtext></math>hi',
        "<style>@import 'https://track.example'</style>hi",
        '<base href="https://evil.example">hi',
        '<img srcset="https://track.example/p 2x">hi',
        '<input type="image" src="https://track.example">hi',
    ],
)
def test_nothing_runs_and_nothing_is_loaded(html):
    shown = safe(html)
    assert not any(word in shown for word in ("track.example", "evil.example", "alert", "javascript", "data:", "<form"))
    assert to_text(shown).strip() == "hi"


@given(st.text(st.sampled_from("<>/=\"' abcdivspanbrq&;#x0\n")))
def test_what_is_safe_stays_so(html):
    assert safe(safe(html)) == safe(html)


# --- the whole ------------------------------------------------------------------------------------------------------


def test_a_mail_without_a_header_is_quarantined():
    for octets in (b"", b"\n", b"\n\nhello", b"hello", b"\x00" * 100):
        with pytest.raises(BadPayload):
            plugin().parse(came(octets))


def test_the_same_mail_by_another_way_has_the_same_name():
    one = parsed("Received: by a\n" + mail("x", Message_ID=""))
    other = parsed("Received: by b\nDelivered-To: y\n" + mail("x", Message_ID=""))
    assert one.key == other.key
    assert parsed(mail("y", Message_ID="")).key != one.key


def test_a_part_is_fetched_from_where_the_hub_keeps_it(tmp_path):
    content = bytes(range(256)) * 3000
    body = "--b\n\nhi\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
    octets = mail(
        body + base64.encodebytes(content).decode() + "--b--", Content_Type="multipart/mixed; boundary=b"
    ).encode()
    (tmp_path / "raw").write_bytes(octets)
    for stored in (octets, tmp_path / "raw"):
        connector = plugin(lambda name, stored=stored: {"raw-1": stored}[name])
        (item,) = connector.parse(came(octets))
        assert isinstance(item, MessageReceived)
        assert fetched(connector, item.media[0].source) == content
        with pytest.raises(Refused):
            fetched(connector, "raw-1#9")


def fetched(connector, source):
    async def run():
        got = await connector.fetch(source)
        return b"".join([chunk async for chunk in got.chunks])

    return asyncio.run(run())


def test_only_the_beginning_of_a_text_is_read():
    octets = HEAD + b"\n" + b"a" * (3 << 20)
    assert len(start_of(octets, read_structure(octets))) == 1 << 20
