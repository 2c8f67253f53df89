"""facebook-business knows what a page may be asked, by its own tables; what we ask must stand in them.

It reads no webhooks, and no kept library does: those are judged by Meta's documented examples in the fixtures.
"""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from facebook_business.adobjects.comment import Comment
from facebook_business.adobjects.messengerbusinesstemplate import MessengerBusinessTemplate
from facebook_business.adobjects.page import Page
from facebook_business.api import FacebookAdsApi
from messenger_page import FIXTURES, SECRETS, SETTINGS

from connectors.channels.messenger import FIELD, FIELDS, PLATFORM
from connectors.families.meta.missed import CONVERSATIONS
from connectors.families.meta.template import APPROVED
from connectors.kit.fixtures import OutboundCase, read_fixtures

OUTBOUND = [case for case in read_fixtures(FIXTURES).outbound if case.name != "comment"]
COMMENTS = [case for case in read_fixtures(FIXTURES).outbound if case.name == "comment"]


def page() -> Page:
    api = FacebookAdsApi.init(access_token=SECRETS["access_token"], api_version="v25.0", crash_log=False)
    return Page(SETTINGS["page_id"], api=api)


def as_theirs(name: str, value: Any) -> Any:
    """They write the words of a list in capitals, and objects as text."""
    if name in ("sender_action", "messaging_type", "tag"):
        return value.upper()
    return json.dumps(value) if name == "payload" else value


@pytest.mark.parametrize("case", OUTBOUND, ids=str)
def test_the_body_is_made_of_what_the_send_api_takes(case: OutboundCase) -> None:
    wire = case.wire[-1]
    asked = page().create_message(pending=True)
    assert wire.path == f"/v25.0/{SETTINGS['page_id']}/{asked._endpoint}"
    for name, value in json.loads(wire.body).items():
        assert asked._param_checker.is_valid_pair(name, as_theirs(name, value)), name
    assert not asked._param_checker.is_valid_pair("sender_action", "DANCE")


@pytest.mark.parametrize("case", COMMENTS, ids=str)
def test_an_answer_is_made_of_what_a_comment_takes(case: OutboundCase) -> None:
    (wire,) = case.wire
    _, _, name, _ = wire.path.split("/")
    asked = Comment(name, api=page().get_api()).create_comment(pending=True)
    assert wire.path == f"/v25.0/{name}/{asked._endpoint}"
    assert all(map(asked._param_checker.is_valid_key, json.loads(wire.body)))
    assert not asked._param_checker.is_valid_key("words")


def test_every_field_asked_for_is_one_a_page_can_have() -> None:
    assert {*FIELDS, FIELD} <= {
        value for name, value in vars(Page.SubscribedFields).items() if not name.startswith("_")
    }


def test_the_list_of_conversations_is_asked_for_as_it_can_be() -> None:
    asked = page().get_conversations(pending=True)
    assert f"me/{asked._endpoint}" == CONVERSATIONS
    assert asked._param_checker.is_valid_pair("platform", PLATFORM.upper())
    assert not asked._param_checker.is_valid_pair("platform", "PIGEON")


def test_the_pages_templates_are_asked_for_as_they_can_be() -> None:
    asked = page().get_message_templates(pending=True)
    (case,) = (case for case in OUTBOUND if case.name == "template")
    path, _, query = case.wire[0].path.partition("?")
    assert path == f"/v25.0/{SETTINGS['page_id']}/{asked._endpoint}"
    told = dict(parse_qsl(query))
    assert {name for name in told if not asked._param_checker.is_valid_key(name)} == {"fields", "limit"}
    assert set(told["fields"].split(",")) <= set(vars(MessengerBusinessTemplate.Field).values())
    assert MessengerBusinessTemplate.Status.approved == APPROVED
