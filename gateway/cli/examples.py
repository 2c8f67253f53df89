"""`onethread plugins example`: a connector of a plugin, to be put into the configuration."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from connectors.kit.base import Plugin
from connectors.kit.secret import Secret


def example(plugin: type[Plugin[Any]]) -> str:
    """A connector as YAML, indented as it stands under `connectors:`, with what it requires and its secrets."""
    kind = plugin.info.name
    summary = f"   # {' '.join(plugin.info.summary.split())}" if plugin.info.summary else ""
    lines = [f"  my-{kind.replace('_', '-')}:{summary}", f"    plugin: {kind}"]
    return "\n".join([*lines, *(f"    {line}" for line in _settings(plugin))])


def _settings(plugin: type[Plugin[Any]]) -> Iterator[str]:
    for field in msgspec.structs.fields(plugin.Config):
        kinds = (field.type, *get_args(field.type))
        variable = f"{plugin.info.name}_{field.encode_name}".upper()
        if Secret in kinds or (field.required and str in kinds):
            yield f'{field.encode_name}: "${{{variable}}}"'
        elif field.required:
            yield f"{field.encode_name}:"
