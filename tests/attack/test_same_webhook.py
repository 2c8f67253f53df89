"""One delivery of a provider comes in sixty-four times at once, at every process that serves the store."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import aiohttp
import pytest

from connectors.kit.fixtures import WireRequest
from tests.attack.channels import Channels, Customer, Refused
from tests.attack.conftest import LONG
from tests.attack.watching import assert_once_and_in_order
from tests.end_to_end.hub_process import HubProcess

COPIES = 64
ROUNDS = 200 if LONG else 3


@pytest.fixture
def hubs(channels: Channels) -> Sequence[HubProcess]:
    """All processes on the store."""
    return [channels.hub]


@pytest.mark.parametrize("channel", ["telegram", "sms", "chat"])
def test_it_is_one_message_and_every_copy_hears_success(
    channels: Channels, hubs: Sequence[HubProcess], channel: str
) -> None:
    customer = Customer(channel, 1)

    async def story() -> None:
        connector = aiohttp.TCPConnector(limit=COPIES * len(hubs))
        async with aiohttp.ClientSession(connector=connector) as session:
            for n in range(1, ROUNDS + 1):
                wire = channels.request(customer, n)
                copies = [until_taken(channels, session, wire, hub) for hub in hubs for _ in range(COPIES)]
                assert Counter(await asyncio.gather(*copies)) == {None: COPIES * len(hubs)}
                customer.acknowledged.append(customer.text(n))

    with channels.hub as hub:
        asyncio.run(story())
        assert_once_and_in_order(hub.events(), [customer.acknowledged])


async def until_taken(
    channels: Channels, session: aiohttp.ClientSession, wire: WireRequest, hub: HubProcess
) -> Refused | None:
    """What one copy hears at last; a person who says so much at once in the chat is asked to come again."""
    while (heard := await channels.post(session, wire, hub.url)) and heard.status == 429:
        await asyncio.sleep(0.1)
    return heard


def test_a_mail_that_is_handed_over_sixty_four_times_at_once_is_one_message(channels: Channels) -> None:
    customer = Customer("mail", 1)

    async def story() -> None:
        copies = [channels.mail(customer, 1) for _ in range(COPIES)]
        assert Counter(await asyncio.gather(*copies)) == {None: COPIES}

    with channels.hub as hub:
        asyncio.run(story())
        assert_once_and_in_order(hub.events(), [[customer.text(1)]])
