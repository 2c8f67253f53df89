"""The settings of a number at Turn.io, and the plugin at work beside it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import turn
from connectors.channels.turn import Turn
from connectors.channels.turn.simulator import Simulator
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(turn.__file__).parent / "fixtures"
SETTINGS = {
    "token": "token-nobody_shall_see-00000001",
    "hmac_secret": "secret-nobody_shall_see-0001",
    "business_account_id": "2088",
}


def during(provider: Simulator, act: Callable[[Turn], Awaitable[T]], **settings: Any) -> T:
    return beside.during(Turn, provider, act, settings=settings)
