"""Lists of the network addresses that a provider calls from."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from connectors.kit.declared import language
from connectors.kit.declared.checks import Scheme, Value
from connectors.kit.declared.networks import Network, address_of, check_networks, networks_of
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request

TYPE = "addresses"


class ByAddress(Scheme):
    public: ClassVar[bool] = True

    def __init__(self, declared: language.ListedAddress) -> None:
        if declared.any_of:
            check_networks(declared.any_of)
        elif declared.setting is None:
            raise ValueError("addresses stand in `any_of`, in a `setting`, or in both")
        self._declared = declared
        self.settings = ()

    def fault(self, settings: Mapping[str, language.Setting]) -> str | None:
        """What is wrong with the setting it names."""
        name = self._declared.setting
        if name is None:
            return None
        if name not in settings:
            return f"there is no setting {name!r}"
        return None if settings[name].type == TYPE else f"the setting {name!r} is not of type {TYPE}"

    def may_be_empty(self, settings: Mapping[str, language.Setting]) -> bool:
        """Whether there are connectors for which every address will do."""
        return not self._declared.any_of and settings[str(self._declared.setting)].optional

    def check(self, request: Request, value: Value) -> None:
        networks = self._networks(value)
        if not networks:
            return
        try:
            address = address_of(request.peer)
        except ValueError:
            raise BadSignature("nobody knows from which address it came; see the setting `proxies`") from None
        if not any(address in network for network in networks):
            raise BadSignature(f"called from {address}, which is none of the addresses of this connector's provider")

    def presented(self, request: Request, value: Value) -> Request:
        networks = self._networks(value)
        return replace(request, peer=str(networks[0].network_address)) if networks else request

    def _networks(self, value: Value) -> tuple[Network, ...]:
        told = value(self._declared.setting) if self._declared.setting is not None else ""
        return networks_of(" ".join((*self._declared.any_of, told)))
