"""Who is believed: only a mail server of one's own, only about the one address in From, only where it stands on top."""

import pytest
from email_sender import mail, parsed

from normalizer.inbound import MessageReceived
from normalizer.model import Proof

PASS = "dmarc=pass header.from=example.net"
OURS = f"mx.example.com; {PASS}"


def trust(head, **settings):
    item = parsed(head + mail(), **settings)
    assert isinstance(item, MessageReceived)
    return item.peer.proof


def results(*values):
    return "".join(f"Authentication-Results: {value}\n" for value in values)


@pytest.mark.parametrize(
    "head",
    [
        results(OURS),
        results(f"mx.example.com 1; {PASS}"),
        results(f"MX.Example.COM; spf=pass; {PASS}"),
        results("mx.example.com; dmarc=pass (p=REJECT; sp=none) header.from=EXAMPLE.NET."),
        results(f'"mx.example.com"; dkim=pass (a (nested) comment) header.d=x; {PASS}'),
        results("mx.example.com;\n dkim=fail;\n dmarc=pass\n header.from=example.net"),
        results("mx.example.com; dkim=pass", OURS),
        "Received: by mx.example.com\n" + results(OURS),
        results("mx.other.example; dmarc=fail header.from=example.net", OURS),
        results(OURS) + "Received: from x\n" + results("mx.example.com; dmarc=fail header.from=example.net"),
    ],
)
def test_a_pass_for_the_domain_of_the_sender_is_proof(head):
    assert trust(head) == Proof.CHANNEL


@pytest.mark.parametrize(
    "head",
    [
        "",
        results("mx.example.com; dmarc=pass header.from=evil.example"),
        results("mx.example.com; dmarc=pass"),
        results("mx.example.com; dmarc=fail header.from=example.net"),
        results("mx.example.com; dmarc=none header.from=example.net"),
        results("mx.example.com; spf=pass smtp.mailfrom=example.net; dkim=pass header.d=example.net"),
        results(f"mx.evil.example; {PASS}"),
        results(f"mx.example.com.evil.example; {PASS}"),
        results(f"(mx.example.com;) mx.evil.example; {PASS}"),
        results(f"mx.example.com (; {PASS})"),
        results('mx.example.com; reason="dmarc=pass header.from=example.net"'),
        results("mx.example.com; xdmarc=pass header.from=example.net"),
        results("mx.example.com; dmarc=pass header.from=sub.example.net"),
        results("mx.example.com; dmarc=pass policy.header.from=x header.from=evil.example"),
        results("mx.example.com; dmarc=fail header.from=example.net", OURS),
        results("mx.example.com; dkim=pass") + "Received: from stranger\n" + results(OURS),
        results(OURS, "mx.example.com; dmarc=fail header.from=example.net"),
        results(OURS) + "From: eve@example.net\n",
    ],
)
def test_nothing_else_is(head):
    assert trust(head) == Proof.ASSERTED


@pytest.mark.parametrize("ids", [[], ["mx.elsewhere.example"]])
def test_servers_that_are_not_configured_prove_nothing(ids):
    assert trust(results(OURS), authserv_ids=ids) == Proof.ASSERTED


@pytest.mark.parametrize(
    "author", ["Ann <ann@example.net>, Bob <bob@example.net>", "nobody", "ann@example.net@evil.example"]
)
def test_several_authors_or_none_prove_nothing(author):
    item = parsed(results(OURS) + mail(From=author, Sender="ann@example.net"))
    assert getattr(item, "peer", None) is None or item.peer.proof == Proof.ASSERTED
