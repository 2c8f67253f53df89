"""Where an app has its webhooks sent, for one product. An app has one address for each, whatever accounts it serves.

Source: developers.facebook.com/docs/graph-api/reference/application/subscriptions and /reference/page/subscribed_apps
(read 2026-11).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from connectors.families.meta.graph import Graph
from connectors.kit.base import Registration
from connectors.kit.errors import Refused
from connectors.kit.secret import Secret
from normalizer.errors import ErrorCode


class _Field(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""


class _Subscription(msgspec.Struct, frozen=True, kw_only=True):
    object: str = ""
    callback_url: str = ""
    active: bool = False
    fields: list[_Field] = []


class _Subscriptions(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Subscription] = []


FOUND: Final = msgspec.json.Decoder(_Subscriptions)
DONE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def app_token(app_id: str | None, app_secret: Secret) -> Secret:
    """What speaks for the app itself. Raises Refused where its id is not set."""
    if app_id is None:
        detail = "without app_id, set the address in the app's dashboard"
        raise Refused(detail, code=ErrorCode.MISCONFIGURED)
    return Secret(f"{app_id}|{app_secret.reveal()}")


async def subscribe(
    graph: Graph, app_id: str, product: str, url: str, verify_token: Secret, fields: Sequence[str]
) -> None:
    """Meta asks for the address at once. `graph` speaks for the app."""
    told = {"object": product, "callback_url": url, "verify_token": verify_token.reveal(), "fields": ",".join(fields)}
    await graph.ask("POST", f"{app_id}/subscriptions", DONE, told)


async def subscribed(graph: Graph, app_id: str, product: str) -> Registration:
    found = await graph.ask("GET", f"{app_id}/subscriptions", FOUND)
    for one in found.data:
        if one.object == product:
            details = {"active": one.active, "fields": sorted(field.name for field in one.fields)}
            return Registration(url=one.callback_url or None, details=details)
    return Registration(url=None)


async def unsubscribe(graph: Graph, app_id: str, product: str) -> None:
    await graph.ask("DELETE", f"{app_id}/subscriptions", DONE, query={"object": product})
