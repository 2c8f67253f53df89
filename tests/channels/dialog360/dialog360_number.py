"""The settings of a number at 360dialog, and the plugin at work beside it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import dialog360
from connectors.channels.dialog360 import Dialog360
from connectors.channels.dialog360.simulator import Simulator
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(dialog360.__file__).parent / "fixtures"
SETTINGS = {"api_key": "key-nobody_shall_see-0000000001", "webhook_secret": "words-of-our-own-0001"}


def during(provider: Simulator, act: Callable[[Dialog360], Awaitable[T]], **settings: Any) -> T:
    return beside.during(Dialog360, provider, act, settings=settings)
