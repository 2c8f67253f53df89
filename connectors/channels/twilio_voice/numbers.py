"""The number at Twilio, the application of in-app calls, and the webhooks kept with both.

Source: twilio.com/docs/phone-numbers/api/incomingphonenumber-resource, twilio.com/docs/usage/api/applications
(read 2026-11).
"""

from typing import Final
from urllib.parse import urlencode

import msgspec

from connectors.channels.twilio_voice.asked import On
from connectors.channels.twilio_voice.config import Config
from connectors.channels.twilio_voice.urls import repeated
from connectors.families.twilio.account import owner
from connectors.families.twilio.api import Api
from connectors.kit.base import Account, Registration
from connectors.kit.errors import Misconfigured


class Abilities(msgspec.Struct, frozen=True):
    voice: bool | None = None


class Own(msgspec.Struct, frozen=True):
    """A number, or an application."""

    sid: str
    friendly_name: str = ""
    voice_url: str | None = None
    voice_method: str | None = None
    status_callback: str | None = None
    capabilities: Abilities = Abilities()


class Numbers(msgspec.Struct, frozen=True):
    incoming_phone_numbers: list[Own] = []


OWN: Final = msgspec.json.Decoder(Own)
NUMBERS: Final = msgspec.json.Decoder(Numbers)


async def account(api: Api, config: Config) -> Account:
    """Whether the token is the account's, and the number and the application too. Raises Misconfigured, Temporary."""
    details = (await owner(api, config)).details
    own = await _find(api, config)
    if own.capabilities.voice is False:
        raise Misconfigured(f"{config.number} carries no calls")
    if config.application_sid is not None:
        application = await api.get(_application(api, config), OWN)
        details["application"] = application.friendly_name
    name = own.friendly_name
    return Account(
        name=f"{config.number} ({name})" if name not in ("", config.number) else config.number, details=details
    )


async def registration(api: Api, config: Config) -> Registration:
    return _told(await _find(api, config))


async def point(api: Api, config: Config, webhook: str) -> Registration:
    """Tells Twilio where to ask and to report to; nowhere, if empty. Raises Misconfigured, Temporary."""
    reports = repeated(f"{webhook}?on={On.STATUS}", config.webhook_retries) if webhook else ""
    fields = {
        "VoiceUrl": webhook,
        "VoiceMethod": "POST",
        "StatusCallback": reports,
        "StatusCallbackMethod": "POST",
    }
    if config.application_sid is not None:
        await api.change(_application(api, config), fields, OWN)
    own = await _find(api, config)
    # An application would be asked instead of the URL.
    fields["VoiceApplicationSid"] = ""
    return _told(await api.change(api.account(f"/IncomingPhoneNumbers/{own.sid}.json"), fields, OWN))


async def _find(api: Api, config: Config) -> Own:
    query = urlencode({"PhoneNumber": config.number})
    found = await api.get(api.account(f"/IncomingPhoneNumbers.json?{query}"), NUMBERS)
    if not found.incoming_phone_numbers:
        raise Misconfigured(f"{config.number} is no number of this account")
    return found.incoming_phone_numbers[0]


def _application(api: Api, config: Config) -> str:
    return api.account(f"/Applications/{config.application_sid}.json")


def _told(own: Own) -> Registration:
    details = {"method": own.voice_method or "", "reports": own.status_callback or ""}
    return Registration(url=own.voice_url or None, details={name: told for name, told in details.items() if told})
