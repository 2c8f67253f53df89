"""A message in, seen, answered and traced from the command line, with the provider over loopback."""

import json
import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Ran
from hubs import ENVIRONMENT, Served, served

from connectors.channels.telegram.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.cli import main

TOKEN = "110201543:FIXTURE-token_of_the_tests-0000000000"
SECRET = "fixture-secret_token-1"
CONFIG = """\
public_url: {public_url}
listen: "{listen}"
connectors:
  support: {{plugin: telegram, token: "{token}", secret_token: "{secret}", api_base: "{api_base}"}}
  other: {{plugin: telegram, token: "{token}", secret_token: "another", api_base: "{api_base}"}}
"""


@dataclass
class House:
    """A hub, its provider, and a file for commands that says where the hub is."""

    hub: Served
    provider: Simulator
    config: Path
    wrong: Path
    """The same, with a secret the hub does not know."""


def write(path: Path, provider: Simulator, listen: str, secret: str = SECRET) -> Path:
    filled = {"token": TOKEN, "secret": secret, "api_base": provider.url, "listen": listen}
    path.write_text(CONFIG.format(public_url="https://hub.example.com/prefix", **filled))
    return path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with Simulator({"token": TOKEN, "secret_token": SECRET}) as provider:
        write(folder / "onethread.yaml", provider, "127.0.0.1:8080")
        with served(folder) as hub:
            listen = hub.url.removeprefix("http://")
            config = write(folder / "commands.yaml", provider, listen)
            wrong = write(folder / "wrong.yaml", provider, listen, "not-the-secret")
            yield House(hub, provider, config, wrong)


Command = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], house: House) -> Command:
    """Runs a command beside the hub."""

    def run(*arguments: str, config: Path | None = None) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--config", str(config or house.config)])
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return run


def lines(ran: Ran) -> list[dict]:
    return [json.loads(line) for line in ran.out.splitlines()]


def written(run: Command, sender: str, text: str) -> dict:
    """The event of a message that somebody writes now."""
    assert run("simulate", "support", "--text", text, "--sender", sender).code == 0
    seen = lines(run("tail", "--no-follow", "--json", "--types", "message.received"))
    return next(event for event in seen if event["data"]["message"]["text"] == text)


# --- simulate -------------------------------------------------------------------------------------------------------


def test_a_simulated_message_is_taken_and_shows_in_the_tail(run, house):
    ran = run("simulate", "support", "--text", "is anybody there?", "--sender", "501")
    assert ran.code == 0
    assert re.fullmatch(rf"{house.hub.url}/in/support: 200 OK in [0-9.]+ ms\n", ran.out)
    *_, last = run("tail", "--no-follow").out.splitlines()
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d message\.received      support  Customer 501: is anybody there\?   #\d+/3", last
    )


def test_each_simulated_message_is_one_of_its_own(run):
    for _ in range(2):
        assert run("simulate", "support", "--text", "again", "--sender", "502").code == 0
    received = lines(run("tail", "--no-follow", "--json", "--types", "message.received"))
    assert [event["data"]["message"]["text"] for event in received][-2:] == ["again", "again"]


def test_a_recorded_webhook_is_posted_with_the_real_secrets(run, house):
    ran = run("simulate", "support", "--fixture", "location", "--json")
    told = json.loads(ran.out)
    assert ran.code == 0
    assert {**told, "milliseconds": 0} == {
        "url": f"{house.hub.url}/in/support",
        "status": 200,
        "body": "",
        "milliseconds": 0,
    }


def test_a_webhook_with_another_secret_is_a_failure(run, house):
    ran = run("simulate", "support", "--json", config=house.wrong)
    assert (ran.code, json.loads(ran.out)["status"]) == (1, 403)
    assert ran.err == "support: the hub did not take it; its log says why\n"


def test_a_secret_in_the_address_a_provider_calls_is_not_shown(run, tmp_path):
    settings = {"plugin": "infobip", "api_base": "http://127.0.0.1:9", "sender": "447700900111", "api_key": "key-0001"}
    connectors = {"sms": {**settings, "webhook_secret": "word-nobody-shall-see"}}
    config = tmp_path / "sms.yaml"
    config.write_text(json.dumps({"public_url": "http://127.0.0.1:1", "connectors": connectors}))
    ran = run("simulate", "sms", "--url", "http://127.0.0.1:1", config=config)
    assert (ran.code, ran.out) == (75, "")
    assert ran.err == "no hub answers at http://127.0.0.1:1/in/sms?secret=***; `onethread serve` runs one\n"


def test_what_a_hub_asks_for_nobody_can_post(run, tmp_path):
    settings = {"plugin": "smpp", "api_base": "smpp://127.0.0.1:9", "system_id": "acme", "password": "pass0rdX"}
    config = tmp_path / "carrier.yaml"
    config.write_text(json.dumps({"connectors": {"carrier": {**settings, "sender": "60777"}}}))
    ran = run("simulate", "carrier", config=config)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "carrier: its provider does not call; the hub asks, and simulators are asked like it\n"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["support", "--fixture", "fotto"], 2, 'the plugin telegram has no fixture "fotto"; did you mean "photo"?'),
        (["support", "--fixture", "photo", "--text", "x"], 2, "--fixture says everything; it goes with neither"),
        (["suport"], 2, 'there is no connector "suport"; did you mean "support"?'),
        (["support", "--sender", "Ann"], 2, "support: the provider has no such message: "),
        (["support", "--url", "http://127.0.0.1:1"], 75, "no hub answers at http://127.0.0.1:1/in/support; `onethread"),
        (["support", "--url", "nonsense"], 2, "nonsense/in/support is no address of a hub"),
    ],
)
def test_what_cannot_be_simulated_is_told_in_a_sentence(run, arguments, code, sentence):
    ran = run("simulate", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err
    assert len(ran.err.splitlines()) == 1


# --- send -----------------------------------------------------------------------------------------------------------


def test_an_answer_is_sent_by_the_hub_and_waited_for(run, house):
    event = written(run, "601", "how much?")
    house.provider.clear()
    ran = run("send", "--conversation", event["data"]["message"]["conversation_id"], "ten", "--wait", "10")
    assert ran.code == 0
    message, delivery = ran.out.splitlines()
    assert re.fullmatch(r"message [0-9a-f-]{36}", message)
    assert re.fullmatch(r"delivery [0-9a-f-]{36}: accepted, .+", delivery)
    assert [json.loads(request.body) for request in house.provider.performed] == [{"chat_id": 601, "text": "ten"}]


def test_a_conversation_goes_by_its_number(run):
    event = written(run, "607", "how much?")
    conversation = event["data"]["message"]["conversation_id"]
    tail = ["tail", "--no-follow", "--after", "0", "--conversation"]
    *_, last = run(*tail, conversation).out.splitlines()
    number = last.rpartition("#")[2].partition("/")[0]
    for name in (f"#{number}", number):
        told = json.loads(run("send", "--conversation", name, "ten", "--wait", "10", "--json").out)
        assert told["message"]["conversation_id"] == conversation
        assert run(*tail, name).out == run(*tail, conversation).out


def test_a_contact_and_an_address_are_reached_too(run, house):
    event = written(run, "602", "hi")
    house.provider.clear()
    for target in (["--contact", event["data"]["contact"]["id"]], ["--to", "support:602"]):
        told = json.loads(run("send", *target, "yes", "--wait", "10", "--json").out)
        assert (told["message"]["text"], told["message"]["author"]["name"]) == ("yes", "operator")
        assert told["delivery"]["status"] == "accepted"
    assert len(house.provider.performed) == 2


def test_a_refusal_of_the_provider_is_a_failure_with_its_reason(run, house):
    written(run, "603", "goodbye")
    house.provider.next(Failure.BLOCKED)
    ran = run("send", "--to", "support:603", "stay", "--wait", "10")
    assert ran.code == 1
    assert ran.err.startswith("failed: ")
    assert ran.err.endswith("(opted_out)\n")


def test_without_waiting_the_message_is_queued(run):
    written(run, "604", "hi")
    ran = run("send", "--to", "support:604", "later")
    assert ran.code == 0
    assert ": queued, named address\n" in ran.out


def test_what_is_not_settled_in_time_says_how_it_stands(run):
    written(run, "605", "hi")
    ran = run("send", "--to", "support:605", "at once", "--wait", "0")
    assert (ran.code, ran.err) == (1, "after 0 s still queued; is the hub running?\n")


def test_a_template_goes_along_with_what_fills_it(run):
    written(run, "909", "hi")
    filled = ("--template", "parcel", "--language", "en", "--value", "881", "--value", "Ada")
    sent = json.loads(run("send", "--to", "support:909", "Parcel 881 left.", *filled, "--json").out)
    values = {"header": [], "body": ["881", "Ada"], "buttons": []}
    assert sent["message"]["parts"] == [{"type": "template", "name": "parcel", "language": "en", **values}]
    ran = run("send", "--to", "support:909", "Parcel 881 left.", *filled, "--dry-run")
    assert ran.out.splitlines()[1:] == ["  Parcel 881 left.", "  lost: template parcel became text"]


def test_a_dry_run_shows_the_requests_and_sends_nothing(run, house):
    written(run, "606", "hi")
    house.provider.clear()
    long = "word " * 1000
    ran = run("send", "--to", "support:606", long, "--dry-run")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "support (telegram), 2 requests")
    [preview] = json.loads(run("send", "--to", "support:606", long, "--dry-run", "--json").out)
    assert [word for payload in preview["payloads"] for word in payload["text"].split()] == long.split()
    messages = [event["type"] for event in lines(run("tail", "--no-follow", "--json")) if "message" in event["type"]]
    assert messages[-1] == "onethread.message.received.v1"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["hi"], 2, "say to whom with one of --to, --conversation and --contact"),
        (
            ["hi", "--to", "support:1", "--contact", "x"],
            2,
            "say to whom with one of --to, --conversation and --contact",
        ),
        (["hi", "--to", "support"], 2, "--to takes the connector's name, a colon and the address"),
        (["\udcff", "--to", "support:1"], 2, "the text is not UTF-8"),
        (["hi", "--to", "nobody:1"], 1, "not sent: there is no connector 'nobody' (no_route)"),
        (["hi", "--conversation", "x"], 1, "there is no conversation x"),
        (["hi", "--conversation", "#9999"], 1, "there is no conversation #9999"),
        (
            [" ", "--to", "support:1"],
            1,
            "not sent: the message is empty: give text or parts (content_unsupported)",
        ),
        (["hi", "--contact", "x", "--template", "a", "--value", "\udcff"], 2, "the template is not UTF-8"),
        (["hi", "--contact", "x", "--value", "881"], 2, "--language and --value belong to a --template"),
        (["hi", "--contact", "x", "--dry-run"], 1, "no configured connector has a route there"),
    ],
)
def test_what_cannot_be_sent_is_told_in_a_sentence(run, arguments, code, sentence):
    ran = run("send", *arguments)
    assert (ran.code, ran.out, ran.err) == (code, "", f"{sentence}\n")


# --- tail -----------------------------------------------------------------------------------------------------------


def test_the_tail_is_narrowed_by_type_conversation_and_connector(run):
    event = written(run, "701", "narrow")
    conversation = event["data"]["message"]["conversation_id"]
    all_of_it = lines(run("tail", "--no-follow", "--json", "--after", "0", "--conversation", conversation))
    assert [one["type"] for one in all_of_it] == [
        "onethread.conversation.opened.v1",
        "onethread.route.added.v1",
        "onethread.message.received.v1",
    ]
    assert [one["sequence"] for one in all_of_it] == [f"{n:020d}" for n in (1, 2, 3)]
    narrowed = ["tail", "--no-follow", "--json", "--after", "0", "--types", "message.*,route.added"]
    types = {one["type"] for one in lines(run(*narrowed, "--connector", "support"))}
    assert {"onethread.message.received.v1", "onethread.route.added.v1"} <= types
    assert "onethread.conversation.opened.v1" not in types
    assert run(*narrowed, "--connector", "other").out == ""


def test_the_tail_of_a_conversation_begins_with_its_own_last_events(run):
    event = written(run, "705", "first")
    for n in range(12):
        written(run, "706", f"other {n}")
    conversation = event["data"]["message"]["conversation_id"]
    shown = lines(run("tail", "--no-follow", "--json", "--conversation", conversation))
    assert [one["sequence"] for one in shown] == [f"{n:020d}" for n in (1, 2, 3)]
    [other] = {one["data"]["message"]["conversation_id"] for one in [written(run, "706", "last")]}
    shown = lines(run("tail", "--no-follow", "--json", "--conversation", other))
    assert [one["sequence"] for one in shown] == [f"{n:020d}" for n in range(6, 16)]


def test_after_now_there_is_nothing_yet(run):
    written(run, "702", "old news")
    assert run("tail", "--no-follow", "--after", "now").out == ""


def test_a_tail_that_follows_prints_what_comes_and_ends_with_ctrl_c(run, house):
    following = [sys.executable, "-m", "gateway.cli", "tail", "--config", str(house.config), "--after", "now"]
    with subprocess.Popen(
        [*following, "--types", "message.received"], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as tail:
        assert tail.stdout
        # what was written before it began is not its to print, so it is told until it answers
        while not (line := _soon(tail)):
            written(run, "703", "are you following?")
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 0
    assert "Customer 703: are you following?" in line


def _soon(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return process.stdout.readline() if selector.select(0.5) else ""


def test_a_strangers_text_cannot_command_the_terminal(run):
    written(run, "704", "one\ntwo \x1b[2J\u202eeert\x07")
    *_, last = run("tail", "--no-follow").out.splitlines()
    assert "Customer 704: one two \ufffd[2J\ufffdeert\ufffd   #" in last


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (
            ["--types", "message.recieved"],
            2,
            "there is no event type 'message.recieved'; did you mean 'message.received'?",
        ),
        (["--conversation", "#9999"], 1, "there is no conversation #9999"),
        (["--conversation", "nonsense"], 1, "there is no conversation nonsense"),
        (["--after", "999999"], 1, "the oldest event that can be read has position 1"),
        (["--after", "yesterday"], 2, "--after takes a position or now"),
        (["--after", "9" * 40], 2, "--after takes a position or now"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(run, arguments, code, sentence):
    ran = run("tail", "--no-follow", *arguments)
    assert (ran.code, ran.out, ran.err) == (code, "", f"{sentence}\n")


# --- trace ----------------------------------------------------------------------------------------------------------


def test_the_story_runs_from_the_request_to_the_providers_answer(run, house):
    event = written(run, "801", "where is my parcel?")
    conversation = event["data"]["message"]["conversation_id"]
    assert run("send", "--conversation", conversation, "on its way", "--wait", "10").code == 0
    story = json.loads(run("trace", "801", "--json").out)
    asked, answered = story["chapters"]
    assert (asked["message"]["text"], answered["message"]["text"]) == ("where is my parcel?", "on its way")
    [raw] = asked["raws"]
    assert raw["url"] == "https://hub.example.com/prefix/in/support"
    assert raw["headers"]["x-telegram-bot-api-secret-token"] == "***"
    assert '"text":"where is my parcel?"' in raw["body"]
    assert [item["raw_id"] for item in asked["items"]] == [raw["id"]]
    [sending] = answered["deliveries"]
    assert sending["delivery"]["status"] == "accepted"
    [exchange] = sending["exchanges"]
    assert (exchange["method"], exchange["status"]) == ("POST", 200)
    assert exchange["url"] == f"{house.provider.url}/bot***/sendMessage"
    assert [one["type"] for one in answered["events"]] == ["message.created", "delivery.updated"]
    assert TOKEN not in json.dumps(story)
    assert SECRET not in json.dumps(story)


def test_the_story_reads_in_its_order(run):
    event = written(run, "802", "hello")
    assert run("send", "--to", "support:802", "good day", "--wait", "10").code == 0
    told = run("trace", event["data"]["message"]["conversation_id"]).out
    order = [
        "is conversation",
        "contact ",
        "route ",
        "conversation ",
        "request ",
        "x-telegram-bot-api-secret-token: ***",
        "item message:",
        "(in)  Customer 802: hello",
        "message.received  Customer 802: hello",
        "(out)  operator: good day",
        "message.created  operator: good day",
        "through support: accepted",
        "because: named address",
        "/bot***/sendMessage: 200 in ",
        '> {"chat_id":802,"text":"good day"}',
        "conversation.opened",
    ]
    for words in order:
        before, found, told = told.partition(words)
        assert found, f"{words} does not follow {before}"


def test_nothing_is_not_asked_after(run):
    ran = run("trace", " ")
    assert (ran.code, ran.out, ran.err) == (2, "", "say what to trace: an id, #12, an address\n")


def test_what_nobody_knows_is_a_failure(run):
    ran = run("trace", "+447700900999")
    assert (ran.code, ran.out, ran.err) == (1, "", "nothing here goes by +447700900999\n")
