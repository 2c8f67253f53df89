"""The connector's sender at Twilio, and the webhook that is kept with it.

Source: twilio.com/docs/phone-numbers/api/incomingphonenumber-resource, twilio.com/docs/messaging/api/service-resource,
twilio.com/docs/messaging/api/short-code-resource (read 2026-11).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import urldefrag, urlencode

import msgspec

from connectors.channels.twilio_sms.config import SHORT_CODE, Config
from connectors.families.twilio.access import NUMBER
from connectors.families.twilio.account import owner
from connectors.families.twilio.api import MESSAGING, Api
from connectors.kit.base import Account, Registration
from connectors.kit.errors import Misconfigured


class Abilities(msgspec.Struct, frozen=True):
    sms: bool | None = None
    mms: bool | None = None


class Own(msgspec.Struct, frozen=True):
    """A number or a short code."""

    sid: str
    friendly_name: str = ""
    sms_url: str | None = None
    sms_method: str | None = None
    capabilities: Abilities = Abilities()


class Numbers(msgspec.Struct, frozen=True):
    incoming_phone_numbers: list[Own] = []
    short_codes: list[Own] = []


class Service(msgspec.Struct, frozen=True):
    friendly_name: str = ""
    inbound_request_url: str | None = None
    inbound_method: str | None = None
    use_inbound_webhook_on_number: bool | None = None


class Member(msgspec.Struct, frozen=True):
    phone_number: str | None = None
    short_code: str | None = None


class Pool(msgspec.Struct, frozen=True):
    """What belongs to a service; a page of a thousand holds more than a service may have."""

    phone_numbers: list[Member] = []
    short_codes: list[Member] = []


class Kept(NamedTuple):
    """A sender as it is kept at Twilio."""

    url: str
    """Of the resource that has the webhook."""
    name: str
    details: dict[str, str]
    webhook: str
    """Empty: none."""
    method: str


OWN: Final = msgspec.json.Decoder(Own)
NUMBERS: Final = msgspec.json.Decoder(Numbers)
SERVICE: Final = msgspec.json.Decoder(Service)
POOL: Final = msgspec.json.Decoder(Pool)
WHOLE: Final = urlencode({"PageSize": 1000})


async def account(api: Api, config: Config) -> Account:
    """Whether the token is the account's, and what the sender is. Raises Misconfigured, Temporary."""
    details = (await owner(api, config)).details
    if _has_webhook(config):
        kept = await find(api, config)
        return Account(name=kept.name, details={**details, **kept.details})
    return Account(name=config.sender or "", details={**details, "receives": "nothing"})


async def find(api: Api, config: Config) -> Kept:
    """The sender. Raises Misconfigured where the account has none such; Temporary."""
    if config.messaging_service_sid is not None:
        url = f"{MESSAGING}/v1/Services/{config.messaging_service_sid}"
        service = await api.get(url, SERVICE)
        details = {"service": service.friendly_name, "senders": ", ".join(await receiving(api, config))}
        return _service(url, service, details, config)
    sender = config.sender or ""
    if NUMBER.fullmatch(sender):
        path, query = "/IncomingPhoneNumbers", {"PhoneNumber": sender}
    elif SHORT_CODE.fullmatch(sender):
        path, query = "/SMS/ShortCodes", {"ShortCode": sender}
    else:
        raise Misconfigured("an alphanumeric sender receives nothing, so it has no webhook")
    found = await api.get(api.account(f"{path}.json?{urlencode(query)}"), NUMBERS)
    own = next(iter(found.incoming_phone_numbers or found.short_codes), None)
    if own is None:
        raise Misconfigured(f"{sender} is no number of this account")
    return _own(api.account(f"{path}/{own.sid}.json"), own, sender)


async def receiving(api: Api, config: Config) -> Sequence[str]:
    """The numbers and short codes that people write to. Raises Temporary, Misconfigured."""
    if config.messaging_service_sid is None:
        return [config.sender] if config.sender is not None and _has_webhook(config) else []
    base = f"{MESSAGING}/v1/Services/{config.messaging_service_sid}"
    pools = [await api.get(f"{base}/{kind}?{WHOLE}", POOL) for kind in ("PhoneNumbers", "ShortCodes")]
    members = [member for pool in pools for member in (*pool.phone_numbers, *pool.short_codes)]
    return [value for member in members if (value := member.phone_number or member.short_code)]


async def point(api: Api, config: Config, webhook: str) -> Kept:
    """Tells Twilio where to post to; nowhere, if empty. Raises Misconfigured, Temporary."""
    kept = await find(api, config)
    if config.messaging_service_sid is not None:
        fields = {"InboundRequestUrl": webhook, "InboundMethod": "POST", "UseInboundWebhookOnNumber": "false"}
        service = await api.change(kept.url, fields, SERVICE)
        return _service(kept.url, service, kept.details, config)
    # An application would be called instead of the URL.
    fields = {"SmsUrl": webhook, "SmsMethod": "POST", "SmsApplicationSid": ""}
    return _own(kept.url, await api.change(kept.url, fields, OWN), config.sender or "")


def registration(kept: Kept) -> Registration:
    """As the hub knows it; how often Twilio tries stands behind the URL's `#`."""
    url, tries = urldefrag(kept.webhook)
    details = {"method": kept.method, "overrides": tries, **kept.details}
    return Registration(url=url or None, details={name: told for name, told in details.items() if told})


def _has_webhook(config: Config) -> bool:
    sender = config.sender
    return sender is None or any(kind.fullmatch(sender) for kind in (NUMBER, SHORT_CODE))


def _own(url: str, own: Own, sender: str) -> Kept:
    carried = {"sms": own.capabilities.sms, "mms": own.capabilities.mms}
    details = {name: "yes" if able else "no" for name, able in carried.items() if able is not None}
    name = f"{sender} ({own.friendly_name})" if own.friendly_name not in ("", sender) else sender
    return Kept(url, name, details, own.sms_url or "", own.sms_method or "")


def _service(url: str, service: Service, details: dict[str, str], config: Config) -> Kept:
    if service.use_inbound_webhook_on_number:
        details = {**details, "use_inbound_webhook_on_number": "yes, so each number's own webhook counts"}
    webhook, method = service.inbound_request_url or "", service.inbound_method or ""
    return Kept(url, service.friendly_name or (config.messaging_service_sid or ""), details, webhook, method)
