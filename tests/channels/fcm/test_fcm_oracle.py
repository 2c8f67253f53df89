"""Google's own libraries judge: what we send, what we sign, and what an error is."""

import json

import jwt
import pytest
from fcm_app import ACCOUNT, SETTINGS, Answering, during, hello
from firebase_admin import messaging
from google.oauth2 import service_account

from connectors.channels.fcm.access import SCOPE
from connectors.channels.fcm.config import TOKEN_URL, read_account
from connectors.channels.fcm.simulator import Simulator, failure
from connectors.kit.errors import KitError, Misconfigured, Refused, Temporary, Unreachable
from connectors.kit.fixtures import WireRequest
from connectors.kit.secret import Secret
from connectors.kit.testing.simulator import Reply


@pytest.mark.filterwarnings("ignore:Message.token is deprecated")  # it is what devices have
def test_the_sdk_makes_the_same_body() -> None:
    with Simulator(SETTINGS) as provider:
        during(provider, lambda plugin: plugin.send(hello()), link="https://app.example.com/help", preview=True)
        [request] = provider.requests
    ours = json.loads(request.body)["message"]
    conversation, message = hello().conversation_id, hello().message_id
    topic = conversation.replace("-", "")
    theirs = messaging.Message(
        token=ours["token"],
        notification=messaging.Notification(title="Acme", body="Hello"),
        data={
            "link": "https://app.example.com/help",
            "conversation": conversation,
            "message": message,
            "receipt": ours["data"]["receipt"],
        },
        android=messaging.AndroidConfig(
            priority="high", ttl=86400, notification=messaging.AndroidNotification(tag=topic)
        ),
        apns=messaging.APNSConfig(
            headers={"apns-priority": "10", "apns-collapse-id": topic},
            payload=messaging.APNSPayload(messaging.Aps(sound="default", thread_id=topic)),
        ),
        webpush=messaging.WebpushConfig(
            headers={"TTL": "86400", "Urgency": "high"},
            notification=messaging.WebpushNotification(tag=topic),
            fcm_options=messaging.WebpushFCMOptions(link="https://app.example.com/help"),
        ),
    )
    assert ours == messaging._MessagingService.JSON_ENCODER.default(theirs)


def test_googles_library_signs_the_same_assertion() -> None:
    seen: list[WireRequest] = []

    class Listening(Simulator):
        async def answer(self, request: WireRequest) -> Reply:
            seen.append(request)
            return await super().answer(request)

    with Listening(SETTINGS) as provider:
        during(provider, lambda plugin: plugin.check())
    ours = seen[0].body.decode().rpartition("assertion=")[2]
    credentials = service_account.Credentials.from_service_account_info(json.loads(ACCOUNT), scopes=[SCOPE])
    theirs = credentials._make_authorization_grant_assertion().decode()
    key = read_account(Secret(ACCOUNT)).key.public_key()
    assert jwt.get_unverified_header(ours) == jwt.get_unverified_header(theirs)
    mine, other = (jwt.decode(one, key, algorithms=["RS256"], audience=TOKEN_URL) for one in (ours, theirs))
    assert mine.keys() == other.keys()
    assert all(mine[name] == other[name] for name in ("iss", "aud", "scope"))
    assert mine["exp"] - mine["iat"] == other["exp"] - other["iat"] == 3600


@pytest.mark.parametrize(
    ("code", "theirs", "ours"),
    [
        ("UNREGISTERED", messaging.UnregisteredError, Unreachable),
        ("SENDER_ID_MISMATCH", messaging.SenderIdMismatchError, Unreachable),
        ("QUOTA_EXCEEDED", messaging.QuotaExceededError, Temporary),
        ("THIRD_PARTY_AUTH_ERROR", messaging.ThirdPartyAuthError, Refused),
        ("APNS_AUTH_ERROR", messaging.ThirdPartyAuthError, Refused),
        ("UNAUTHENTICATED", None, Misconfigured),
    ],
)
def test_the_sdk_reads_the_same_errors(code: str, theirs: type | None, ours: type[KitError]) -> None:
    reply = failure(429 if ours is Temporary else 400, "X", "words", code)
    assert messaging._MessagingService._build_fcm_error(json.loads(reply.body)["error"]) is theirs
    with Answering(reply) as provider, pytest.raises(ours):
        during(provider, lambda plugin: plugin.send(hello()))


def test_every_error_the_sdk_knows_has_a_row() -> None:
    from connectors.channels.fcm.refusals import GONE, ROWS

    told = messaging._MessagingService.FCM_ERROR_TYPES.keys() - {"QUOTA_EXCEEDED"}  # told by its status, 429
    assert told <= GONE.keys() | ROWS.keys()
