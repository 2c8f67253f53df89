"""Forms that bring mails: read in any charset, and nothing is taken from a mail for a field of the form."""

import tracemalloc
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.families.mail.assemble import Held, assembled
from connectors.families.mail.form import Field, read_form
from connectors.families.mail.mime import read_structure
from connectors.families.mail.mime_body import start_of, text_of
from connectors.kit.errors import BadPayload

DKIM = b"\r\n--xYzZY\r\nContent-Disposition: form-data; name=dkim\r\n\r\nyes"


def posted(*fields: tuple[str, bytes], end: bytes = b"--\r\n") -> bytes:
    parts = [b'--xYzZY\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (n.encode(), v) for n, v in fields]
    return b"".join(parts) + b"--xYzZY" + end


def test_fields_and_files_are_told_by_name():
    body = (
        b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nGr\xfc\xdfe\r\n'
        b'--b\r\nContent-Disposition: form-data; name="attachment1"; filename="a.png"\r\n'
        b"Content-Type: image/png; x=y\r\n\r\n\x89PNG\r\n\r\n--B\r\n--b--\r\n"
    )
    form = read_form(body)
    assert form.text("text", "iso-8859-1") == "Grüße"
    assert form.fields["attachment1"] == Field(b"\x89PNG\r\n\r\n--B", "a.png", "image/png")
    assert form.text("html") is None


def test_values_of_the_other_kind_of_form_need_not_be_text():
    assert read_form(b"body-mime=From%3A+a%0D%0A%FC+%2B&timestamp=1").octets("body-mime") == b"From: a\r\n\xfc +"


@given(st.dictionaries(st.text(max_size=10), st.binary(max_size=200), min_size=1, max_size=5))
def test_whatever_is_posted_comes_out(fields):
    body = urlencode(fields).encode()
    if not body.startswith(b"--"):  # which begins the other kind of form
        assert {name: field.octets for name, field in read_form(body).fields.items()} == fields


def test_a_form_of_escapes_alone_costs_no_more_than_it_is_long():
    tracemalloc.start()
    try:
        assert len(read_form(b"a=" + b"%41" * 1_000_000).octets("a") or b"") == 1_000_000
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body",
    [
        # A mail that ends the field it stands in, and tells of its own signature.
        posted(
            ("dkim", b"none"), ("email", b'hi\r\n--xYzZY\r\nContent-Disposition: form-data; name="dkim"\r\n\r\nyes')
        ),
        posted(("email", b"hi" + DKIM + b"\r\n--xYzZY--\r\n")),
        posted(("email", b"hi\r\n--xYzZYand so on")),
        posted(("email", b"hi"), end=b""),
        posted(*((f"f{n}", b"") for n in range(1001))),
        b"--",
        b"--b\r\nno field\r\n--b--",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        b"no form",
        b"",
        b"&".join(b"a%d=" % n for n in range(1001)),
        b"a=1&a=2",
        b"a=%4",
        b"a=%zz",
    ],
)
def test_what_is_no_honest_form_is_no_form(body):
    with pytest.raises(BadPayload):
        read_form(body)


def test_a_mail_put_together_again_reads_as_it_was():
    files = [Held("größe.png", "image/png", b"\x89" * 100, "p1@x"), Held(None, "multipart/mixed", b"")]
    fields = [("Subject", "Größe\r\nBcc: x@example.com"), ("Content-Type", "text/x"), ("no name", "x")]
    mail = assembled(fields, "plain\n--=_mixed--\n", "<p>html</p>", files)
    assert mail == assembled(fields, "plain\n--=_mixed--\n", "<p>html</p>", files)
    root = read_structure(mail)
    assert [name for name, _ in root.fields.all] == ["subject", "content-type"]
    assert root.fields.text("subject") == "Größe Bcc: x@example.com"
    leaves = list(root.leaves())
    assert [leaf.kind for leaf in leaves] == ["text/plain", "text/html", "image/png", "application/octet-stream"]
    assert text_of(mail, leaves[0]) == "plain\n--=_mixed--\n"
    assert (start_of(mail, leaves[2]), start_of(mail, leaves[3])) == (b"\x89" * 100, b"")
