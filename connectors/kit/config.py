"""A plugin's configuration: typed, frozen, published as JSON Schema.

A field of type `Secret` takes a string and never gives it back by accident. Unknown keys are refused.
"""

from typing import Any, TypeVar

import msgspec

from connectors.kit.secret import Secret


class PluginConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Subclass with `kw_only=True` and one field per setting; its docstring and comments are the operator's help."""


C = TypeVar("C", bound=PluginConfig)


def decode_secret(kind: type, value: Any) -> Any:
    """msgspec's `dec_hook` for `Secret`."""
    if kind is Secret:
        if not isinstance(value, str):
            raise TypeError("a secret is a string")
        return Secret(value)
    raise NotImplementedError(f"no decoder for {kind}")


def secret_schema(kind: type) -> dict[str, Any]:
    """msgspec's `schema_hook` for `Secret`."""
    if kind is Secret:
        return {"type": "string", "format": "password", "writeOnly": True}
    raise NotImplementedError(f"no schema for {kind}")


def configured(kind: type[C], values: dict[str, Any]) -> C:
    """The typed configuration of plain values. Raises msgspec.ValidationError, whose text names the path."""
    return msgspec.convert(values, kind, dec_hook=decode_secret)


def config_schema(kind: type[PluginConfig]) -> dict[str, Any]:
    """JSON Schema 2020-12 of a configuration."""
    return msgspec.json.schema(kind, schema_hook=secret_schema)
