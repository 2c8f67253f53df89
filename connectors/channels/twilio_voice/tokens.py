"""Access tokens for Twilio's Voice SDK in apps.

Source: twilio.com/docs/iam/access-tokens, twilio-python's `jwt.access_token` (read 2026-11).
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from connectors.channels.twilio_voice.claims import KNOWN, vouched
from connectors.channels.twilio_voice.config import Config
from connectors.kit.errors import Misconfigured, Refused
from connectors.kit.secret import Secret
from connectors.kit.tokens import Token
from normalizer.errors import ErrorCode
from normalizer.inbound import Claim

IDENTITY: Final = re.compile(r"[A-Za-z0-9_]{1,256}", re.ASCII)
"""What every SDK takes."""
BACK: Final = timedelta(seconds=30)
"""By so much a clock at Twilio may be behind ours."""


def token(config: Config, identity: str, claims: Sequence[Claim], at: datetime) -> Token:
    """Lets the app's user call, and be called. Raises Misconfigured, Refused."""
    if config.key_sid is None or config.key_secret is None or config.application_sid is None:
        raise Misconfigured("tokens for apps need application_sid, key_sid and key_secret")
    if not IDENTITY.fullmatch(identity):
        raise Refused("an identity is letters, digits and _ only", code=ErrorCode.INVALID_ADDRESS)
    expires_at = (at + timedelta(minutes=config.app_minutes)).replace(microsecond=0)
    made = AccessToken(
        config.account_sid,
        config.key_sid,
        config.key_secret.reveal(),
        identity=identity,
        nbf=int((at - BACK).timestamp()),
        valid_until=int(expires_at.timestamp()),
    )
    made.add_grant(
        VoiceGrant(
            incoming_allow=True,
            outgoing_application_sid=config.application_sid,
            outgoing_application_params={KNOWN: vouched(config.auth_token, identity, claims)} if claims else None,
            push_credential_sid=config.push_sid,
        )
    )
    return Token(Secret(made.to_jwt()), expires_at)
