"""What a newcomer tries first: a message in, the feed, a reply out, its outcome."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.channels.telegram.simulated import Upload
from connectors.channels.telegram.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from tests.end_to_end.hub_process import HubProcess

pytestmark = pytest.mark.engine("sqlite", "postgresql")


def test_a_message_comes_in_and_its_answer_goes_out(hub: HubProcess, telegram: Simulator) -> None:
    assert hub.tell(hub.update(text="Where is my order?")).status_code == 200
    [received] = hub.until("message.received")
    assert received["data"]["message"]["text"] == "Where is my order?"
    assert received["data"]["contact"]["name"] == "Mina"

    conversation = received["data"]["message"]["conversation_id"]
    body = {"conversation_id": conversation, "text": "On its way.", "client_ref": "r-1"}
    answer = hub.post("/v1/messages", body)
    assert answer.status_code == 202, answer.text
    message = answer.json()["message"]

    [update] = hub.until("delivery.updated")
    assert update["data"]["delivery"]["status"] == "accepted"
    [sent] = [request for request in telegram.requests if request.path.endswith("/sendMessage")]
    assert json.loads(sent.body)["text"] == "On its way."
    assert json.loads(sent.body)["chat_id"] in (5012345678, "5012345678")
    stored = hub.get(f"/v1/messages/{message['id']}")
    assert [delivery["status"] for delivery in stored["deliveries"]] == ["accepted"]
    assert stored["message"]["external_ids"] != []
    history = hub.get(f"/v1/conversations/{conversation}/messages")
    assert [entry["direction"] for entry in history["messages"]] == ["in", "out"]


def test_sixty_four_parallel_copies_make_one_message(hub: HubProcess) -> None:
    update = hub.update(text="once")
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: hub.tell(update).status_code, range(64)))
    assert set(answers) == {200}
    assert len(hub.events("message.received")) == 1


def test_a_wrong_or_missing_secret_is_refused_and_nothing_is_stored(hub: HubProcess) -> None:
    assert hub.tell(hub.update(text="x"), secret="wrong").status_code == 403
    assert hub.tell(hub.update(text="x"), secret=None).status_code == 401
    assert hub.events() == []
    assert hub.get("/v1/quarantine")["quarantine"] == []
    metrics = hub.session.get(f"{hub.url}/metrics", timeout=10).text
    assert 'onethread_received_total{connector="support-telegram",outcome="refused"} 2.0' in metrics


def test_what_is_authentic_but_malformed_is_quarantined_and_the_provider_hears_success(hub: HubProcess) -> None:
    assert hub.tell({"update_id": 1, "message": {"chat": "nonsense"}}).status_code == 200
    [item] = hub.get("/v1/quarantine")["quarantine"]
    assert item["connector"] == "support-telegram"
    assert hub.events() == []


def test_the_same_idempotency_key_sends_once(hub: HubProcess, telegram: Simulator) -> None:
    hub.tell(hub.update(text="hello"))
    [received] = hub.until("message.received")
    body = {"conversation_id": received["data"]["message"]["conversation_id"], "text": "hi"}
    with ThreadPoolExecutor(8) as pool:
        key = {"Idempotency-Key": "k"}
        answers = list(pool.map(lambda _: hub.post("/v1/messages", body, **key), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["message"]["id"] for answer in answers}) == 1
    hub.until("delivery.updated")
    assert len([request for request in telegram.requests if request.path.endswith("/sendMessage")]) == 1
    assert hub.post("/v1/messages", {**body, "text": "ho"}, **key).status_code == 422


def test_an_album_with_files_is_one_message_and_its_files_are_fetched(hub: HubProcess, telegram: Simulator) -> None:
    for n in range(3):
        telegram.chats.files[f"photo{n}"] = Upload(f"photo{n}.jpg", "image/jpeg", b"\xff\xd8\xff" + bytes([n]))
        photo = [{"file_id": f"photo{n}", "file_unique_id": f"u{n}", "width": 90, "height": 67, "file_size": 5}]
        caption = {"caption": "broken box"} if n == 0 else {}
        hub.tell(hub.update(photo=photo, media_group_id="139", **caption))
    [received] = hub.until("message.received")
    assert received["data"]["message"]["text"] == "broken box"
    parts = received["data"]["message"]["parts"]
    assert [part["type"] for part in parts] == ["media"] * 3
    stored = hub.until("attachment.stored", 3)
    assert {event["data"]["attachment"]["id"] for event in stored} == {part["attachment_id"] for part in parts}
    file = hub.session.get(f"{hub.url}/v1/attachments/{parts[0]['attachment_id']}", timeout=10)
    assert file.status_code == 200
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.content in {b"\xff\xd8\xff" + bytes([n]) for n in range(3)}


def test_an_edit_a_reaction_and_a_pressed_button_reach_the_history(hub: HubProcess, telegram: Simulator) -> None:
    first = hub.update(text="hello")
    hub.tell(first)
    edited = {**first["message"], "text": "hello!", "edit_date": 1790000500}
    hub.tell({"update_id": 990000001, "edited_message": edited})
    chat = first["message"]["chat"]
    reaction = {"type": "emoji", "emoji": "👍"}
    told = {"chat": chat, "message_id": 1, "user": first["message"]["from"], "date": 1790000501}
    hub.tell({"update_id": 990000002, "message_reaction": {**told, "old_reaction": [], "new_reaction": [reaction]}})
    button = {"id": "77", "from": first["message"]["from"], "chat_instance": "1", "data": "track"}
    hub.tell({"update_id": 990000003, "callback_query": {**button, "message": first["message"]}})
    [edit] = hub.until("message.edited")
    assert edit["data"]["message"]["text"] == "hello!"
    [added] = hub.until("reaction.added")
    assert added["data"]["reaction"] == "👍"
    pressed = hub.until("message.received", 2)[-1]
    assert pressed["data"]["message"]["parts"][0]["value"] == "track"
    end = time.monotonic() + 10
    while not any(request.path.endswith("/answerCallbackQuery") for request in telegram.requests):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_who_blocks_the_bot_is_not_written_to(hub: HubProcess) -> None:
    first = hub.update(text="hello")
    hub.tell(first)
    [received] = hub.until("message.received")
    person = first["message"]["from"]
    bot = {"id": 1, "is_bot": True, "first_name": "bot"}
    member = {"chat": first["message"]["chat"], "from": person, "date": 1790000600}
    kicked = {"user": bot, "status": "kicked", "until_date": 0}
    status = {"old_chat_member": {"user": bot, "status": "member"}, "new_chat_member": kicked}
    hub.tell({"update_id": 990000004, "my_chat_member": {**member, **status}})
    hub.until("consent.changed")
    body = {"conversation_id": received["data"]["message"]["conversation_id"], "text": "hi"}
    answer = hub.post("/v1/messages", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "opted_out")


def test_being_told_to_wait_costs_no_attempt(hub: HubProcess, telegram: Simulator) -> None:
    hub.tell(hub.update(text="hello"))
    [received] = hub.until("message.received")
    telegram.next(Failure.RATE_LIMITED)
    hub.post("/v1/messages", {"conversation_id": received["data"]["message"]["conversation_id"], "text": "hi"})
    [update] = hub.until("delivery.updated")
    assert (update["data"]["delivery"]["status"], update["data"]["delivery"]["attempt"]) == ("accepted", 1)


def test_an_idle_hub_commits_a_single_message_at_once(hub: HubProcess) -> None:
    """No waiting for company: the median of single messages is far below any linger."""
    hub.tell(hub.update(text="warm"))
    took = []
    for _ in range(9):
        begun = time.monotonic()
        hub.tell(hub.update(text="hello"))
        took.append(time.monotonic() - begun)
        time.sleep(0.05)
    assert sorted(took)[4] < 0.25
