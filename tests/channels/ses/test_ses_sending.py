"""What SES answers, and what the hub is told; how requests are signed; settings."""

from base64 import b64decode
from datetime import UTC, datetime
from email import message_from_bytes, policy
from unittest.mock import patch

import msgspec
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from ses_identity import HELLO, SETTINGS

from connectors.channels.ses import Ses
from connectors.channels.ses.config import Config
from connectors.channels.ses.simulator import Simulator, failure
from connectors.families.aws.sigv4 import signed
from connectors.families.mail.signing import expanded
from connectors.kit.base import Account
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.secret import Secret
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from tests.channels.beside import NOW, answering, during


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (failure("MessageRejected", "Email address is not verified."), Misconfigured, ErrorCode.MISCONFIGURED),
        (failure("MessageRejected", "Message contains a virus."), Refused, ErrorCode.POLICY_REJECTED),
        (failure("BadRequestException", "words"), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (failure("MailFromDomainNotVerifiedException", "words"), Misconfigured, ErrorCode.MISCONFIGURED),
        (failure("SendingPausedException", "words"), Misconfigured, ErrorCode.MISCONFIGURED),
        (failure("NotFoundException", "words", 404), Misconfigured, ErrorCode.MISCONFIGURED),
        (failure("InvalidSignatureException", "words", 403), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply.json({"__type": "ExpiredTokenException", "message": "x"}, 403), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply(403, b"<html>"), Misconfigured, ErrorCode.AUTH_FAILED),
        (failure("LimitExceededException", "words"), Temporary, ErrorCode.RATE_LIMITED),
        (failure("ThrottlingException", "words"), Temporary, ErrorCode.RATE_LIMITED),
        (Reply(429), Temporary, ErrorCode.RATE_LIMITED),
        (Reply(413), Refused, ErrorCode.MEDIA_TOO_LARGE),
        (failure("SomethingNewException", "words"), Refused, ErrorCode.UNKNOWN),
        (failure("InternalFailure", "words", 500), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(302), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(200, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply.json({}), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_each_answer_leads_to_its_next_act(reply, error, code):
    with answering(Simulator, SETTINGS, reply) as provider, pytest.raises(error) as raised:
        during(Ses, provider, lambda plugin: plugin.send(HELLO))
    assert (type(raised.value), raised.value.code) == (error, code)


def test_a_mail_leaves_as_it_was_written(provider):
    sent = during(Ses, provider, lambda plugin: plugin.send(HELLO), settings={"configuration_set": "hub"})
    ((id_, given),) = provider.sent.items()
    assert sent.external_ids == (f"{id_}@eu-west-1.amazonses.com", "1.1@example.com")
    mail = message_from_bytes(b64decode(given["Content"]["Raw"]["Data"]), policy=policy.default)
    assert (mail["to"], mail["message-id"], mail.get_content()) == ("ann@example.net", "<1.1@example.com>", "Grüße\n")
    (tag,) = given["EmailTags"]
    assert (tag["Name"], expanded(tag["Value"]), given["ConfigurationSetName"]) == ("onethread", "1.1", "hub")


def test_the_account_is_asked_for(provider):
    assert during(Ses, provider, lambda plugin: plugin.check()) == Account(
        name="help@example.com", details={"region": "eu-west-1", "sandbox": "no"}
    )
    with pytest.raises(Misconfigured):
        during(Ses, provider, lambda plugin: plugin.check(), settings={"secret_access_key": "another secret"})
    paused = Reply.json({"SendingEnabled": False})
    with answering(Simulator, SETTINGS, paused) as other, pytest.raises(Misconfigured, match="may not send"):
        during(Ses, other, lambda plugin: plugin.check())


@pytest.mark.parametrize("session", [None, "a session's token"])
@pytest.mark.parametrize(("method", "body"), [("POST", '{"a": "ü"}'.encode()), ("GET", b"")])
def test_amazons_own_library_signs_a_request_the_same(method, body, session):
    url = "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"
    request = AWSRequest(method=method, url=url, data=body, headers={"content-type": "application/json"})
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    credentials = Credentials("AKIAIOSFODNN7EXAMPLE", "secret", session)
    with patch("botocore.auth.get_current_datetime", return_value=at):
        SigV4Auth(credentials, "ses", "eu-west-1").add_auth(request)
    ours = signed(
        method,
        url,
        body,
        NOW,
        region="eu-west-1",
        service="ses",
        access_key_id="AKIAIOSFODNN7EXAMPLE",
        secret_access_key=Secret("secret"),
        session_token=Secret(session) if session else None,
    )
    assert dict(ours) == {name.lower(): value for name, value in request.headers.items()}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"region": "here"}, "region"),
        ({"secret_access_key": ""}, "secret_access_key: it is made"),
        ({"topic_arns": ["arn:aws:sqs:eu-west-1:123456789012:x"]}, "topic_arns: 'arn:aws:sqs"),
        ({"topic_arns": ["arn:aws:sns:eu-west-1.evil.example/:123456789012:x"]}, "topic_arns"),
        ({"api_base": "elsewhere"}, "api_base: no http address"),
        ({"sns_base": "ftp://elsewhere"}, "sns_base: no http address"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        configured(Config, {**SETTINGS, **settings})


def test_ses_is_where_its_region_says():
    assert configured(Config, SETTINGS).api == "https://email.eu-west-1.amazonaws.com"
    china = configured(Config, {**SETTINGS, "region": "cn-north-1"})
    assert (china.api, china.mail_domain) == ("https://email.cn-north-1.amazonaws.com.cn", "cn-north-1.amazonses.com")
    assert configured(Config, {**SETTINGS, "region": "us-east-1"}).mail_domain == "email.amazonses.com"
