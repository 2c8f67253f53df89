"""No provider's name in the hub or the domain: what is true of one channel only belongs to its plugin."""

import re

import pytest

from tests.project.tree import everything, texts

PROVIDERS = (
    *("telegram", "botfather", "twilio", "sendgrid", "whatsapp", "wechat", "weixin", "wecom", "weibo", "messenger"),
    *(
        "facebook",
        "instagram",
        "viber",
        "slack",
        "discord",
        "vonage",
        "nexmo",
        "plivo",
        "sinch",
        "infobip",
        "messagebird",
    ),
    *(
        "telnyx",
        "tencent",
        "aliyun",
        "alibaba",
        "bandwidth",
        "clickatell",
        "kakao",
        "kakaotalk",
        "zalo",
        "vkontakte",
        "mattermost",
        "mailgun",
        "postmark",
    ),
    *(
        "mailjet",
        "mandrill",
        "chatwoot",
        "zendesk",
        "zammad",
        "freshdesk",
        "intercom",
        "hubspot",
        "salesforce",
        "freshchat",
    ),
    *("linkedin", "twitter", "tiktok", "snapchat", "skype", "msteams", "imessage", "threema", "matrix", "rocketchat"),
)
NAMED = re.compile(rf"(?<![a-z])({'|'.join(PROVIDERS)})(?![a-z])", re.IGNORECASE)
MACHINE = re.compile(r"(?<![\w.:/~-])/(?:root|work|Users|home/\w+)/[\w.]")


def found(pattern, named_texts):
    return [
        f"{name}:{number}: {match[0]}"
        for name, text in named_texts
        for number, line in enumerate(text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]


def test_the_hub_and_the_domain_name_no_provider():
    assert found(NAMED, texts("gateway", "normalizer")) == []


@pytest.mark.parametrize("hidden", ["# as Twilio does", 'x = "my_telegram_bot"', "class SlackThing", "VIBER_TOKEN"])
def test_a_name_is_found_where_it_hides(hidden):
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", hidden)
    assert NAMED.search(words) is not None


@pytest.mark.parametrize("innocent", ["slackened", "messengers", "telegraph", "discordant"])
def test_a_word_that_only_resembles_one_passes(innocent):
    assert NAMED.search(innocent) is None


def test_nothing_speaks_of_one_machine():
    mine = "tests/project/test_words.py"
    assert found(MACHINE, (each for each in everything() if each[0] != mine)) == []
