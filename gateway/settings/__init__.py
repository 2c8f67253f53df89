"""The configuration file: loading it, describing it, and following its changes.

It does not read what the console keeps in the store. Following changes is `gateway.settings.reload`, which commands
that run nothing need not import.
"""

from gateway.settings.loading import load
from gateway.settings.model import Connector, Limits, Listen, Settings
from gateway.settings.problems import Problem, SettingsError
from gateway.settings.schema import settings_schema

__all__ = [
    "Connector",
    "Limits",
    "Listen",
    "Problem",
    "Settings",
    "SettingsError",
    "load",
    "settings_schema",
]
