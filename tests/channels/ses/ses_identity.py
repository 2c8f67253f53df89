"""An identity's settings, and a mail to send."""

from connectors.kit.base import Outbound
from normalizer.inbound import Address
from normalizer.payload import Payload

SETTINGS = {
    "address": "help@example.com",
    "region": "eu-west-1",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI-nobody_shall_see",
}
HELLO = Outbound(token="1.1", address=Address(scheme="mailto", value="ann@example.net"), payload=Payload(text="Grüße"))
