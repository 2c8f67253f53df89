"""SMS through any gateway that speaks HTTP forms: all of it stands in `channel.yaml` and in the settings."""

from connectors.kit.declared import plugin_of

GenericHttp = plugin_of(__name__, __file__)
