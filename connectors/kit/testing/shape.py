"""Checks of what a plugin's folder holds and promises."""

import inspect
import re
from pathlib import Path
from typing import Any, get_type_hints

import jsonschema
import msgspec

from connectors.kit.base import Outbound, OutboundEdit, OutboundReaction
from connectors.kit.capability import FREE, inbound_names, outbound_names, shows
from connectors.kit.config import config_schema, configured
from connectors.kit.fixtures import Reading, Typing
from connectors.kit.secret import Secret
from connectors.kit.testing.subject import Nonconforming, Subject

SECTIONS = ("Set-up", "Limits", "Quirks", "Sources")
SECRETIVE = re.compile(r"(?!.*_file$).*(token|secret|passw(or)?d|api_?key|private_key|credential)")
"""Names of settings that hold a secret; one that ends in `_file` says where one is."""
PUBLIC = "public:"
"""How the names begin of what only public routes carry."""
NAMED_FAMILIES = ("part:", "media:")
SHORTEST_SECRET = 6


def check_folder_is_named_after_the_plugin(subject: Subject) -> None:
    name = subject.info.name
    home = Path(inspect.getfile(subject.plugin)).parent
    if home.name != name or subject.folder.resolve() != home.resolve():
        raise Nonconforming(f"info.name is {name!r}, the plugin lives in {home}, its fixtures in {subject.folder}")


def check_readme_has_its_sections(subject: Subject) -> None:
    readme = subject.folder / "README.md"
    text = readme.read_text() if readme.exists() else ""
    headings = {heading.strip().lower() for heading in re.findall(r"^#+\s+(.*)$", text, re.MULTILINE)}
    missing = [section for section in SECTIONS if section.lower() not in headings]
    if missing:
        raise Nonconforming(f"README.md has no section {', '.join(missing)}")


def check_configuration_has_a_schema(subject: Subject) -> None:
    """The schema is valid, describes the fixture's configuration, and marks what is secret."""
    schema = config_schema(subject.plugin.Config)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(subject.fixtures.config)
    hints = get_type_hints(subject.plugin.Config)
    plain = [name for name, kind in hints.items() if SECRETIVE.match(name) and not _holds_secret(kind)]
    if plain:
        raise Nonconforming(f"settings that sound secret are not of type Secret: {', '.join(plain)}")
    try:
        configured(subject.plugin.Config, {**subject.fixtures.config, "no_such_setting": 1})
    except msgspec.ValidationError:
        return
    raise Nonconforming("an unknown setting is accepted")


def check_fixture_secrets_can_be_searched_for(subject: Subject) -> None:
    """A secret of three letters would be found everywhere, or nowhere."""
    if any(len(secret) < SHORTEST_SECRET for secret in subject.secrets()):
        raise Nonconforming(f"config.json: secrets need at least {SHORTEST_SECRET} characters")


def check_every_capability_has_a_fixture(subject: Subject) -> None:
    capability = subject.info.capability
    missing = capability.inbound - _inbound_shown(subject)
    missing |= _promised(subject) - {name for case in subject.fixtures.outbound for name in case.capability}
    if missing:
        raise Nonconforming(f"declared, but no fixture shows it: {', '.join(sorted(missing))}")


def check_every_fixture_has_a_capability(subject: Subject) -> None:
    capability = subject.info.capability
    families = {family for family in NAMED_FAMILIES if any(name.startswith(family) for name in capability.inbound)}
    undeclared = {
        name
        for name in _inbound_shown(subject) - capability.inbound - FREE
        if ":" not in name or name.startswith(tuple(families))
    }
    for case in subject.fixtures.outbound:
        undeclared |= case.capability - _promised(subject)
    if undeclared:
        raise Nonconforming(f"shown by fixtures, but not declared: {', '.join(sorted(undeclared))}")


def check_fixtures_show_what_they_claim(subject: Subject) -> None:
    for case in subject.fixtures.outbound:
        used = _names(case.outbound)
        if not case.capability or {name.removeprefix(PUBLIC) for name in case.capability} - used:
            raise Nonconforming(f"{case} claims {sorted(case.capability)} and shows {sorted(used)}")


def _names(outbound: Outbound | OutboundEdit | OutboundReaction | Typing | Reading) -> frozenset[str]:
    if isinstance(outbound, Reading):
        return frozenset({"reads"})
    return outbound_names(None if isinstance(outbound, Typing) else outbound)


def _promised(subject: Subject) -> frozenset[str]:
    info = subject.info
    return shows(info.capability) | {f"{PUBLIC}{name}" for name in (shows(info.public) if info.public else ())}


def _inbound_shown(subject: Subject) -> frozenset[str]:
    return frozenset(
        name for case in subject.fixtures.inbound for item in case.expected for name in inbound_names(item)
    )


def _holds_secret(kind: Any) -> bool:
    return kind is Secret or any(map(_holds_secret, getattr(kind, "__args__", ())))
