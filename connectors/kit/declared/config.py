"""A declaration's settings as a typed configuration, with the JSON Schema that goes with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.declared.checks import Scheme, told
from connectors.kit.declared.language import Channel, Setting
from connectors.kit.declared.networks import check_networks
from connectors.kit.secret import Secret

TYPES: Final[Mapping[str, type]] = {"text": str, "secret": Secret, "origin": str, "whole": int, "flag": bool}
LISTED: Final[Mapping[str, Any]] = {"addresses": tuple[str, ...]}
"""Settings that are lists."""
FORMS: Final[Mapping[str, str]] = {"origin": r"https?://[^\s?#]+"}
"""What a setting of a type matches where the declaration says nothing more."""
MOST: Final = 2000
"""Characters of a text that is held against a form."""


def config_of(name: str, channel: Channel, module: str, schemes: Sequence[Scheme]) -> type[PluginConfig]:
    """The configuration's type, as if it had been written out. Raises ValueError for a form that is none."""
    settings = channel.settings
    fields = [(key, _annotated(setting), *_default(setting)) for key, setting in settings.items()]
    forms = {key: form for key, setting in settings.items() if (form := _form(setting)) is not None}
    listed = [key for key, setting in settings.items() if setting.type in LISTED]
    namespace: dict[str, Any] = {"__doc__": channel.about, "__post_init__": _checked(forms, listed, schemes)}
    made = msgspec.defstruct(
        name,
        fields,
        bases=(PluginConfig,),
        namespace=namespace,
        module=module,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    assert issubclass(made, PluginConfig)
    return made


def _annotated(setting: Setting) -> Any:
    kind: Any = LISTED.get(setting.type) or TYPES[setting.type]
    if setting.optional:
        kind = kind | None
    return Annotated[kind, msgspec.Meta(description=setting.help)]


def _default(setting: Setting) -> tuple[Any, ...]:
    if setting.default is not None:
        if setting.type == "secret" or type(setting.default) is not TYPES.get(setting.type, tuple):
            raise ValueError(f"a setting of type {setting.type} has no such default")
        if isinstance(setting.default, tuple):
            check_networks(setting.default)
        return (setting.default,)
    return (None,) if setting.optional else ()


def _form(setting: Setting) -> re.Pattern[str] | None:
    form = setting.form or FORMS.get(setting.type)
    try:
        return re.compile(form) if form is not None else None
    except re.error as error:
        raise ValueError("form is no regular expression") from error


def _checked(
    forms: Mapping[str, re.Pattern[str]], listed: Sequence[str], schemes: Sequence[Scheme]
) -> Callable[[Any], None]:
    def check(config: Any) -> None:
        for name in config.__struct_fields__:
            # An empty secret would be known to everybody.
            if isinstance(getattr(config, name), Secret) and not getattr(config, name):
                raise ValueError(f"{name}: empty")
        for name in listed:
            if (texts := getattr(config, name)) is not None:
                _check_listed(name, texts)
        for name, form in forms.items():
            value = getattr(config, name)
            if isinstance(value, str) and (len(value) > MOST or not form.fullmatch(value)):
                raise ValueError(f"{name}: not of the form {form.pattern}")
        for scheme in schemes:
            scheme.check_settings(lambda name: _plain(getattr(config, name)))

    return check


def _plain(setting: Any) -> str:
    return told(setting.reveal() if isinstance(setting, Secret) else setting)


def _check_listed(name: str, texts: Sequence[str]) -> None:
    try:
        check_networks(texts)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
