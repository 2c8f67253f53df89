"""Connectors: how they are, and what opens them to an app."""

from datetime import datetime
from typing import Annotated

import msgspec

from connectors.kit.errors import Misconfigured, Refused
from connectors.kit.tokens import Tokens
from gateway.api import operations
from gateway.api.connector_shapes import ConnectorList
from gateway.api.problems import Code, Problem, not_found
from gateway.api.route import Call, Route
from gateway.api.shapes import Strict
from gateway.keys import Scope
from gateway.store.times import now
from normalizer.addresses import InvalidAddress, normalise
from normalizer.inbound import Claim


class TokenRequest(Strict, frozen=True, kw_only=True):
    identity: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    """The app's own id of its user, whom whoever asks vouches for."""
    phone_number: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """The user's, if the app has verified it: by it they are the same contact on every channel."""
    email: Annotated[str, msgspec.Meta(max_length=320)] | None = None
    """As the telephone number."""


class TokenAnswer(Strict, frozen=True, kw_only=True):
    token: str
    """For the provider's own library in the app. Opens the provider to this user until it expires, and not the hub."""
    expires_at: datetime


def claimed(wanted: TokenRequest) -> tuple[Claim, ...]:
    """What the app vouches for. Raises InvalidAddress."""
    given = (("tel", wanted.phone_number), ("mailto", wanted.email))
    return tuple(Claim(scheme=scheme, value=normalise(scheme, value)) for scheme, value in given if value)


def token(call: Call) -> TokenAnswer:
    """Raises Problem: 404, 409, 422."""
    connector = call.hub.connectors.get(call.path["connector"])
    if connector is None:
        raise not_found("connector")
    if not isinstance(connector.plugin, Tokens):
        raise Problem(409, Code.CONFLICT, f"{connector.settings.plugin} hands out no tokens")
    wanted: TokenRequest = call.body
    try:
        made = connector.plugin.token(wanted.identity, claimed(wanted), now())
    except InvalidAddress as error:
        raise Problem(422, Code.INVALID, str(error)) from None
    except Misconfigured as error:
        raise Problem(409, Code.CONFLICT, error.detail) from None
    except Refused as error:
        raise Problem(422, Code.INVALID, error.detail) from None
    return TokenAnswer(token=made.token.reveal(), expires_at=made.expires_at)


CONNECTORS = (
    Route(
        method="GET",
        path="/v1/connectors",
        do=operations.connectors,
        scope=Scope.ADMIN,
        summary="Connectors and how they are",
        answer=ConnectorList,
    ),
    Route(
        method="POST",
        path="/v1/connectors/{connector}/token",
        do=token,
        scope=Scope.WRITE,
        summary="A token for an app's user",
        about="For apps that reach the provider themselves by its own library, such as calls out of an app. The app's"
        " server asks, once it knows who its user is: what it vouches for makes them one contact on all channels. 409:"
        " this connector hands out none, or lacks a setting.",
        body=TokenRequest,
        answer=TokenAnswer,
        errors=(404, 409),
    ),
)
