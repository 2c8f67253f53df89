"""Template messages: filled in the order of their text, named by WeChat, and reported on."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from wechat_account import HELLO, MEI, SETTINGS, answering, during
from wechatpy.client.api import WeChatMessage

from connectors.channels.wechat.simulator import CONTENT, PARCEL, Simulator, failure
from connectors.channels.wechat.templates import PLACE
from connectors.kit.base import Outbound, Sent
from connectors.kit.errors import Misconfigured, OptedOut, Refused
from gateway.send.asks import Accepted
from normalizer.errors import ErrorCode
from normalizer.parts import MediaKind, MediaPart, TemplatePart
from normalizer.payload import Payload
from tests.background.heronry import eventually, texts
from tests.channels.beside import HOOK, NOW, running

LEFT = TemplatePart(name=PARCEL, language="zh_CN", body=("881", "巧克力", "14:13"))
OPENS = "https://shop.example.com/orders/881"
LIST = "/cgi-bin/template/get_all_private_template"
SEND = "/cgi-bin/message/template/send"


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def saying(part: TemplatePart, **payload: object) -> Outbound:
    return replace(HELLO, payload=Payload(template=part, **payload))


def asked(provider: Simulator) -> list[str]:
    return [request.path.partition("?")[0] for request in provider.requests]


def test_a_template_is_filled_in_the_order_of_its_text_and_goes_by_the_name_wechat_gives(provider):
    sent = during(provider, lambda plugin: plugin.send(saying(replaced(buttons=(OPENS,)))))
    data = {"character_string1": {"value": "881"}, "thing2": {"value": "巧克力"}, "time3": {"value": "14:13"}}
    assert provider.sent == [{"touser": MEI, "template_id": PARCEL, "url": OPENS, "data": data}]
    assert sent == Sent((str(provider.reported[0]),))


def replaced(**changed: object) -> TemplatePart:
    return msgspec.structs.replace(LEFT, **changed)


def test_it_reads_as_wechatpy_would_send_it(provider):
    class Theirs(WeChatMessage):
        def _post(self, path, data):
            return path, data

    during(provider, lambda plugin: plugin.send(saying(replaced(buttons=(OPENS,)))))
    data = {"character_string1": {"value": "881"}, "thing2": {"value": "巧克力"}, "time3": {"value": "14:13"}}
    path, body = Theirs(None).send_template(MEI, PARCEL, data, url=OPENS)
    assert (asked(provider)[-1], provider.sent) == (f"/cgi-bin/{path}", [dict(body)])


def test_the_list_is_believed_for_a_while_and_asked_again_for_what_it_lacks(provider):
    moments = [NOW]

    async def act(plugin):
        for _ in range(2):
            await plugin.send(saying(LEFT))
        assert asked(provider).count(LIST) == 1
        provider.templates["new"] = "{{thing1.DATA}}"
        fresh = TemplatePart(name="new", language="zh_CN", body=("x",))
        with pytest.raises(Refused, match="no template 'new'"):
            await plugin.send(saying(fresh))
        assert asked(provider).count(LIST) == 1
        moments.append(NOW + timedelta(seconds=31))
        await plugin.send(saying(fresh))
        assert asked(provider).count(LIST) == 2
        moments.append(NOW + timedelta(minutes=6))
        await plugin.send(saying(LEFT))
        assert asked(provider).count(LIST) == 3

    during(provider, act, clock=lambda: moments[-1])


@pytest.mark.parametrize(
    ("outbound", "words"),
    [
        (saying(replaced(name="none")), "no template 'none'"),
        (saying(replaced(body=("881",))), "3 places, not 1"),
        (saying(replaced(buttons=("881",))), "one address"),
        (saying(replaced(buttons=(OPENS, OPENS))), "one address"),
        (saying(replaced(header=("x",))), "neither a file nor a head"),
        (
            saying(LEFT, media=(MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png"),)),
            "neither a file nor a head",
        ),
    ],
)
def test_what_does_not_fit_the_template_is_refused_before_anything_leaves(provider, outbound, words):
    with pytest.raises(Refused, match=words) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, SEND in asked(provider)) == (ErrorCode.TEMPLATE_INVALID, False)


@pytest.mark.parametrize(
    ("number", "error", "code"),
    [
        (40037, Refused, ErrorCode.TEMPLATE_INVALID),
        (47003, Refused, ErrorCode.TEMPLATE_INVALID),
        (43004, OptedOut, ErrorCode.OPTED_OUT),
        (48001, Misconfigured, ErrorCode.MISCONFIGURED),
    ],
)
def test_what_wechat_does_not_take_is_told(number, error, code):
    class Picky(Simulator):
        async def answer(self, request):
            return failure(number) if request.path.startswith(SEND) else await super().answer(request)

    with Picky(SETTINGS) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(saying(LEFT)))
    assert (raised.value.code, raised.value.provider_code) == (code, str(number))


def test_an_account_without_the_right_to_templates_is_told():
    with answering(failure(48001)) as provider, pytest.raises(Misconfigured):
        during(provider, lambda plugin: plugin.send(saying(LEFT)))


def test_places_are_found_however_they_are_spaced():
    assert PLACE.findall(CONTENT) == ["character_string1", "thing2", "time3"]


@pytest.mark.parametrize(("says", "status"), [("success", "delivered"), ("failed:user block", "failed")])
def test_a_template_is_reported_on(tmp_path, provider, says, status):
    async def test():
        async with running(tmp_path, "wechat", provider) as beside:
            await beside.heard(provider.genuine(provider.message("订单到哪了", MEI)))
            assert isinstance(await beside.say("订单号:881", parts=(LEFT,)), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (name,) = provider.reported
            told = provider.event("TEMPLATESENDJOBFINISH", MEI, MsgID=str(name), Status=says)
            assert await beside.heard(provider.genuine(told)) == 200
            await eventually(lambda: beside.statuses() == [status])
            assert texts(beside.hub) == ["订单到哪了", "订单号:881"]

    asyncio.run(test())
