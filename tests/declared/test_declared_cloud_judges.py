"""The libraries of clouds whose requests are signed, over what their declared channels send, take and call errors."""

from urllib.parse import parse_qsl, urlsplit

import msgspec
from alibabacloud_dysmsapi20170525.models import SendSmsRequest, SendSmsResponseBody
from declared_channels import FOLDERS
from tencentcloud.sms.v20210111 import errorcodes, models

from connectors.channels.aliyun_sms import AliyunSms
from connectors.channels.tencent_sms import TencentSms
from connectors.kit.fixtures import read_fixtures


def sent(name):
    (request,) = (wire for case in read_fixtures(FOLDERS[name] / "fixtures").outbound for wire in case.wire)
    return request


def test_tencents_models_know_all_that_is_sent_and_answered():
    told, known = msgspec.json.decode(sent("tencent_sms").body), models.SendSmsRequest()
    known._deserialize(told)
    assert {name: value for name, value in known._serialize().items() if value is not None} == told
    answer, taken = TencentSms.declaration.simulated.accepts.json["Response"], models.SendSmsResponse()
    taken._deserialize(answer)
    assert taken._serialize() == answer


def test_every_code_of_an_answer_is_one_that_tencent_knows():
    known = {str(code) for name, code in vars(errorcodes).items() if name.isupper()}
    of_all_apis = {"RequestLimitExceeded", "AuthFailure*"}
    of_reports = {"002", "-106"}
    ours = {str(code) for codes in TencentSms.declaration.errors.values() for code in codes}
    named = {code for code in ours if not code.endswith("*")} - of_all_apis - of_reports
    assert named - known == set()
    begun = {code.removesuffix("*") for code in ours if code.endswith("*")} - {"AuthFailure"}
    assert {start for start in begun if not any(code.startswith(start) for code in known)} == set()


def test_alibabas_models_know_all_that_is_sent_and_answered():
    told = dict(parse_qsl(urlsplit(sent("aliyun_sms").path).query))
    assert SendSmsRequest().from_map(told).to_map() == told
    answer = AliyunSms.declaration.simulated.accepts.json
    assert SendSmsResponseBody().from_map(answer).to_map() == answer


def test_a_text_is_one_place_of_the_template_whatever_it_says():
    told = dict(parse_qsl(urlsplit(sent("aliyun_sms").path).query))
    assert msgspec.json.decode(told["TemplateParam"]) == {"text": "It leaves today. 👋 A & B = 100% + more"}
