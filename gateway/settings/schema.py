"""JSON Schema 2020-12 of the configuration file, for editors."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.kit.config import PluginConfig, secret_schema
from gateway.settings.loading import NAME
from gateway.settings.model import Entries
from gateway.settings.rate import SCHEMA as RATE
from gateway.settings.readings import ALSO

if TYPE_CHECKING:
    from connectors.kit.base import Plugin

GIVE_UP_AFTER: dict[str, Any] = {
    "type": ["number", "string"],
    "description": "How long a message is tried again, in seconds or as 4h, where that is less than its channel would.",
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def settings_schema(plugins: "Iterable[type[Plugin[Any]]] | None" = None) -> dict[str, Any]:
    """The schema of the whole file; a connector is one of the plugins' configurations.

    `plugins` are all that are installed where none are given; they are imported. Raises BrokenPlugin.
    """
    kinds = {plugin.info.name: plugin.Config for plugin in (_installed() if plugins is None else plugins)}
    roots, definitions = msgspec.json.schema_components(
        [Entries, *kinds.values()], schema_hook=secret_schema, ref_template="#/$defs/{name}"
    )
    pattern = {"pattern": f"^{NAME.pattern}$"}
    file = _defined(roots[0], definitions)
    for section in ("inboxes", "subscriptions"):
        file["properties"][section]["propertyNames"] = pattern
    file["properties"]["connectors"] |= {
        "propertyNames": pattern,
        "additionalProperties": {"oneOf": [{"$ref": f"#/$defs/connector.{name}"} for name in kinds]}
        if kinds
        else False,
    }
    for listener in definitions["ListenersEntry"]["properties"].values():
        listener["anyOf"].append({"type": "string", "description": "Address and port it listens on."})
    own: set[str] = set()
    for (name, kind), root in zip(kinds.items(), roots[1:], strict=True):
        own.add(str(root["$ref"]).rpartition("/")[2])
        definitions[f"connector.{name}"] = _connector(name, kind, _defined(root, definitions))
    for name in own | {str(roots[0]["$ref"]).rpartition("/")[2]}:
        definitions.pop(name, None)
    schema = {"$schema": DIALECT, "title": "onethread.yaml", **_without(file, "title"), "$defs": definitions}
    return dict(_as_written(schema))


def _installed() -> "Iterable[type[Plugin[Any]]]":
    from connectors.kit import registry

    return [registry.load(name) for name in registry.plugin_names()]


def _defined(root: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    defined: dict[str, Any] = definitions[str(root["$ref"]).rpartition("/")[2]]
    return defined


def _connector(name: str, kind: type[PluginConfig], config: Mapping[str, Any]) -> dict[str, Any]:
    own = {
        "plugin": {"const": name},
        "inbox": {"type": "string", "description": "May be left out where there is one inbox."},
        "rate": RATE,
        "give_up_after": GIVE_UP_AFTER,
    }
    return {
        **_without(config, "title"),
        "title": name,
        "description": (kind.__doc__ or "").strip(),
        "properties": {**own, **config["properties"]},
        "required": ["plugin", *config.get("required", [])],
    }


def _as_written(schema: Any) -> Any:
    """The schema with the further type allowed where a value may be written as one."""
    if isinstance(schema, list):
        return [_as_written(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _as_written(value) for key, value in schema.items() if key != ALSO}
    return {**inner, "type": [schema["type"], schema[ALSO]]} if isinstance(schema.get(ALSO), str) else inner


def _without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}
