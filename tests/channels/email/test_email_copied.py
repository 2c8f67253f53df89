"""People in copy: seen with the conversation, answered where the agent asks for it, kept from what is not theirs."""

import asyncio

import msgspec
import pytest
from email_sender import ANN, SETTINGS, mail, parsed
from test_email_hub import PROVEN, conversations, delivered, messages, rows, running, say, statuses

from connectors.channels.email.simulator import Simulator
from connectors.kit.testing.simulator import Reply
from gateway.api.app import create_app
from gateway.people.participants import participants
from gateway.send.asks import Accepted
from tests.background.heronry import eventually, texts
from tests.web.parrot import bearer

BOB, EVE = "bob@example.net", "eve@evil.example"
EVE_PROVEN = "Authentication-Results: mx.example.com; dmarc=pass header.from=evil.example\n"


@pytest.fixture
def relay():
    with Simulator(SETTINGS) as simulator:
        yield simulator


def run(test):
    asyncio.run(test())


async def asked(hub, **fields):
    """Ann writes, with Bob in copy; the conversation."""
    await delivered(hub, PROVEN + mail("When will it come?", **{"Cc": f"Bob <{BOB}>", "Subject": "Order 7", **fields}))
    (conversation,) = conversations(hub)
    return conversation


async def answered(hub, relay, conversation, words="It left.", copies=1, **command):
    """An answer to everybody; the mails the relay got of it, by recipient."""
    before = len(relay.performed)
    done = await say(hub, words, conversation_id=conversation, copy="all", **command)
    assert isinstance(done, Accepted), done
    await eventually(lambda: len(relay.performed) == before + 1 + copies)
    return {request.headers["rcpt-to"]: request for request in relay.performed[before:]}


async def people(hub, conversation):
    found = await hub.writer.write(
        lambda transaction, ids: [participants(transaction, id_) for id_ in ids], conversation
    )
    return [(one.address, one.contact.name, str(one.role)) for one in found]


def back(sent):
    return sent.headers["reply-to"].partition("<")[2].rstrip(">")


def by_bob(words, **fields):
    """Bob answers all of the thread."""
    usual = {"From": f"Bob <{BOB}>", "To": "help@example.com", "Cc": ANN, "In_Reply_To": "<m1@example.net>"}
    return mail(words, **{**usual, "Message_ID": f"<{abs(hash(words))}@example.net>", **fields})


def heads(hub):
    """Text and number of the conversation of each message."""
    sql = "SELECT c.number FROM message_heads m JOIN conversations c ON c.id = m.conversation_id ORDER BY m.position"
    return list(zip(texts(hub), [number for (number,) in rows(hub, sql)], strict=True))


def test_everybody_a_mail_is_addressed_to_is_named_but_us_and_the_sender():
    to = f"help+x@example.com, Bob <{BOB}>, {ANN}"
    item = parsed(mail(To=to, Cc="help@example.com, carl@example.org, BOB@example.net, undisclosed-recipients:;"))
    assert [(one.name, one.address.value) for one in item.copied] == [("Bob", BOB), (None, "carl@example.org")]
    crowd = parsed(mail(Cc=", ".join(f"p{n}@example.org" for n in range(100))))
    assert len(crowd.copied) == 20


def test_who_is_copied_takes_part_and_is_told_of(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            conversation = await asked(hub)
            assert await people(hub, conversation) == [(BOB, "Bob", "copied")]
            await delivered(hub, PROVEN + mail("And?", Cc=BOB, Message_ID="<m2@example.net>"))
            assert await people(hub, conversation) == [(BOB, "Bob", "copied")]
            events = [msgspec.json.decode(body) for (body,) in rows(hub, "SELECT body FROM events ORDER BY position")]
            told = [one["data"]["participants"] for one in events if one["type"] == "onethread.conversation.updated.v1"]
            assert [[person["address"] for person in one or ()] for one in told] == [[BOB]]
            first = messages(hub)[0]
            assert (first.subject, [(one.address, one.name) for one in first.copied]) == ("Order 7", [(BOB, "Bob")])

    run(test)


def test_an_answer_goes_to_the_customer_alone_unless_the_command_says_otherwise(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            conversation = await asked(hub)
            await say(hub, "It left.", conversation_id=conversation)
            await eventually(lambda: statuses(hub) == ["accepted"])
            (sent,) = relay.performed
            assert (sent.headers["rcpt-to"], sent.headers["to"], "cc" in sent.headers) == (ANN, ANN, False)

    run(test)


def test_an_answer_to_all_is_one_message_and_a_delivery_for_each(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            conversation = await asked(hub)
            relay.answers[BOB] = Reply(550, b"5.1.1 User unknown")
            done = await say(hub, "It left.", conversation_id=conversation, copy="all")
            await eventually(lambda: sorted(statuses(hub)) == ["accepted", "failed"])
            assert [one.address for one in done.message.copied] == [BOB]
            assert rows(hub, "SELECT DISTINCT message_id FROM deliveries") == [(done.message.id,)]
            relay.answers.clear()
            got = await answered(hub, relay, conversation, "Truly.")
            shown = {to: (one.headers["to"], one.headers["cc"], one.headers["subject"]) for to, one in got.items()}
            assert shown == dict.fromkeys((ANN, BOB), (ANN, BOB, "Re: Order 7"))
            assert {one.headers["in-reply-to"] for one in got.values()} == {"<m1@example.net>"}
            assert got[ANN].headers["message-id"] != got[BOB].headers["message-id"]
            assert back(got[ANN]) != back(got[BOB])

    run(test)


def test_a_copy_shows_nothing_of_what_was_said_before(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            private = mail("My illness.", Subject="Diagnosis", Message_ID="<private@example.net>")
            await delivered(hub, PROVEN + private)
            conversation = await asked(hub)
            got = await answered(hub, relay, conversation)
            assert got[ANN].headers["subject"] == "Re: Diagnosis"
            assert got[BOB].headers["subject"] == "Re: Order 7"
            assert got[BOB].headers["references"] == "<m1@example.net>"
            assert "private@" not in repr(got[BOB])

    run(test)


def test_who_opted_out_gets_no_copy(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            await delivered(hub, PROVEN + by_bob("Hello.", Cc="", In_Reply_To=""))
            await hub.writer.write(_block, BOB)
            await delivered(hub, PROVEN + mail("When?", Cc=BOB))
            conversation = conversations(hub)[1]
            got = await answered(hub, relay, conversation, copies=0)
            assert list(got) == [ANN]
            assert "cc" not in got[ANN].headers

    run(test)


def _block(transaction, addresses):
    for address in addresses:
        transaction.change("UPDATE routes SET blocked = ? WHERE address = ?", True, address)
    return [None for _ in addresses]


def test_who_was_copied_and_answers_all_writes_in_the_customers_conversation(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            conversation = await asked(hub)
            await delivered(hub, PROVEN + by_bob("I can take it in."))
            got = await answered(hub, relay, conversation, "Good.")
            await delivered(hub, PROVEN + by_bob("Thanks.", In_Reply_To="", To=back(got[BOB])), to=back(got[BOB]))
            assert heads(hub) == [("When will it come?", 1), ("I can take it in.", 1), ("Good.", 1), ("Thanks.", 1)]
            assert await people(hub, conversation) == [(BOB, "Bob", "wrote")]
            assert (got[ANN].headers["to"], got[ANN].headers["cc"]) == (ANN, BOB)

    run(test)


def test_an_answer_goes_to_the_customer_also_after_somebody_else_wrote(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            conversation = await asked(hub)
            await delivered(hub, PROVEN + by_bob("I can take it in."))
            await say(hub, "Good.", conversation_id=conversation)
            await eventually(lambda: statuses(hub) == ["accepted"])
            assert [one.headers["rcpt-to"] for one in relay.performed] == [ANN]

    run(test)


def test_what_they_write_next_to_us_alone_is_a_matter_of_their_own(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            await asked(hub)
            await delivered(hub, PROVEN + by_bob("I can take it in."))
            await delivered(hub, PROVEN + by_bob("Between us.", Cc=""))
            await delivered(hub, PROVEN + by_bob("My own order?", Cc="", In_Reply_To=""))
            assert [number for _, number in heads(hub)] == [1, 1, 2, 2]

    run(test)


@pytest.mark.parametrize(
    ("proof", "fields"),
    [
        ("", {}),
        ("Authentication-Results: mx.evil.example; dmarc=pass header.from=example.net\n", {}),
        (EVE_PROVEN, {"From": EVE}),
        (EVE_PROVEN, {"From": f"Bob <{EVE}>", "Cc": f"{ANN}, {BOB}"}),
        (PROVEN, {"In_Reply_To": "<unknown@example.net>"}),
        (PROVEN, {"Cc": "carl@example.org"}),
        (PROVEN, {"Auto_Submitted": "auto-replied"}),
    ],
    ids=[
        "forged",
        "by another server",
        "a stranger",
        "a namesake",
        "no such mail",
        "without the customer",
        "a machine",
    ],
)
def test_nobody_else_gets_in(tmp_path, relay, proof, fields):
    async def test():
        async with running(tmp_path, relay) as hub:
            conversation = await asked(hub)
            got = await answered(hub, relay, conversation)
            stolen = (
                {} if "In_Reply_To" in fields else {"References": f"<m1@example.net> {got[BOB].headers['message-id']}"}
            )
            await delivered(hub, proof + by_bob("Tell me all.", **stolen, **fields))
            assert [number for _, number in heads(hub)] == [1, 1, 2]
            assert await people(hub, conversation) == [(BOB, "Bob", "copied")]

    run(test)


def test_a_stolen_reply_address_of_somebody_in_copy_opens_nothing(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            conversation = await asked(hub)
            got = await answered(hub, relay, conversation)
            await delivered(hub, EVE_PROVEN + by_bob("More.", From=EVE, To=back(got[BOB])), to=back(got[BOB]))
            await delivered(hub, by_bob("Forged.", To=back(got[BOB])), to=back(got[BOB]))
            assert [number for _, number in heads(hub)] == [1, 1, 2, 3]

    run(test)


def test_a_closed_conversation_is_not_opened_by_who_was_copied(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            conversation = await asked(hub)
            await hub.writer.write(_close, conversation)
            await delivered(hub, PROVEN + by_bob("Still there?"))
            assert [number for _, number in heads(hub)] == [1, 2]

    run(test)


def _close(transaction, ids):
    from gateway.record.desk import Desk

    desk = Desk(transaction)
    for id_ in ids:
        desk.cases.change(desk.cases.get(id_), state="closed", closed_at=transaction.now_us)
    desk.save()
    return [None for _ in ids]


def test_the_api_shows_who_takes_part_and_takes_what_an_agent_asks(tmp_path, relay):
    async def test():
        async with running(tmp_path, relay) as hub:
            conversation = await asked(hub)
            client, headers = create_app(hub).test_client(), bearer(hub)
            command = {"conversation_id": conversation, "text": "It left.", "copy": "all"}

            def ask(method, path, **more):
                return client.open(path, method=method, headers=headers, **more).get_json()

            shown = await asyncio.to_thread(ask, "GET", f"/v1/conversations/{conversation}")
            (bob,) = shown["participants"]
            told = (bob["address"], bob["scheme"], bob["contact"]["name"], bob["role"])
            assert told == (BOB, "mailto", "Bob", "copied")
            accepted = await asyncio.to_thread(ask, "POST", "/v1/messages", json=command)
            assert [one["address"] for one in accepted["message"]["copied"]] == [BOB]
            raised = await asyncio.to_thread(ask, "POST", f"/v1/conversations/{conversation}/emergency", json={})
            assert (raised["conversation"]["priority"], len(raised["participants"])) == ("emergency", 1)

    run(test)
