"""SMS through Alibaba Cloud: all of it stands in `channel.yaml`."""

from connectors.kit.declared import plugin_of

AliyunSms = plugin_of(__name__, __file__)
