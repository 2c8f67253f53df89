"""The libraries of clouds whose requests are signed, over what their declared channels send, take and call errors."""

from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from alibabacloud_dysmsapi20170525.models import (
    QuerySmsTemplateListRequest,
    QuerySmsTemplateListResponseBody,
    SendSmsRequest,
    SendSmsResponseBody,
)
from declared_channels import FOLDERS
from tencentcloud.sms.v20210111 import errorcodes, models

from connectors.channels.aliyun_sms import AliyunSms
from connectors.channels.tencent_sms import TencentSms
from connectors.kit.fixtures import read_fixtures


def sent(name, case="text"):
    """The last request of a fixture, and those before."""
    (found,) = (each.wire for each in read_fixtures(FOLDERS[name] / "fixtures").outbound if str(each) == case)
    return found[-1], found[:-1]


def query(request):
    return dict(parse_qsl(urlsplit(request.path).query))


@pytest.mark.parametrize("case", ["text", "template"])
def test_tencents_models_know_all_that_is_sent_and_answered(case):
    told, known = msgspec.json.decode(sent("tencent_sms", case)[0].body), models.SendSmsRequest()
    known._deserialize(told)
    assert known._serialize() == told
    answer, taken = TencentSms.declaration.simulated.accepts.json["Response"], models.SendSmsResponse()
    taken._deserialize(answer)
    assert taken._serialize() == answer


def test_tencents_models_know_how_its_templates_are_asked_for_and_told():
    _, (request,) = sent("tencent_sms", "template")
    told, known = msgspec.json.decode(request.body), models.DescribeSmsTemplateListRequest()
    known._deserialize(told)
    assert (request.headers["x-tc-action"], known._serialize()) == ("DescribeSmsTemplateList", told)
    listed, read = TencentSms.declaration.simulated.templates.json["Response"], models.DescribeSmsTemplateListResponse()
    read._deserialize(listed)
    assert read._serialize() == listed


def test_every_code_of_an_answer_is_one_that_tencent_knows():
    known = {str(code) for name, code in vars(errorcodes).items() if name.isupper()}
    of_all_apis = {"RequestLimitExceeded", "AuthFailure*"}
    of_reports = {"002", "-106"}
    tables = (TencentSms.declaration.errors, TencentSms.declaration.send.template.errors)
    ours = {str(code) for table in tables for codes in table.values() for code in codes}
    named = {code for code in ours if not code.endswith("*")} - of_all_apis - of_reports
    assert named - known == set()
    begun = {code.removesuffix("*") for code in ours if code.endswith("*")} - {"AuthFailure"}
    assert {start for start in begun if not any(code.startswith(start) for code in known)} == set()


@pytest.mark.parametrize("case", ["text", "template"])
def test_alibabas_models_know_all_that_is_sent_and_answered(case):
    told = query(sent("aliyun_sms", case)[0])
    assert SendSmsRequest().from_map(told).to_map() == told
    answer = AliyunSms.declaration.simulated.accepts.json
    assert SendSmsResponseBody().from_map(answer).to_map() == answer


def test_alibabas_models_know_how_its_templates_are_asked_for_and_told():
    _, (request,) = sent("aliyun_sms", "template")
    told = query(request)
    assert request.headers["x-acs-action"] == "QuerySmsTemplateList"
    assert QuerySmsTemplateListRequest().from_map(told).to_map() == told
    listed = AliyunSms.declaration.simulated.templates.json
    assert QuerySmsTemplateListResponseBody().from_map(listed).to_map() == listed


def test_a_text_is_one_place_of_the_template_whatever_it_says():
    told = query(sent("aliyun_sms")[0])
    assert msgspec.json.decode(told["TemplateParam"]) == {"text": "It leaves today. 👋 A & B = 100% + more"}


def test_the_places_of_a_template_have_the_names_of_the_list():
    told = query(sent("aliyun_sms", "template")[0])
    assert told["TemplateCode"] == "SMS_123456790"
    assert msgspec.json.decode(told["TemplateParam"]) == {"number": "881", "day": '明天 "10:00" & 100%'}
