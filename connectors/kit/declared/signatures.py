"""How a provider wants a request of ours signed, by the names that declarations use.

`id` and `key` name settings: of whom the request is, and the secret that nobody sends.
"""

import msgspec


class Signs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    key: str


class Tc3(Signs, frozen=True, kw_only=True, tag="tc3", tag_field="by"):
    """TC3-HMAC-SHA256 of Tencent Cloud, over the content type, the host and the body."""

    service: str
    """As in the name of its host, such as `sms`."""


class Acs3(Signs, frozen=True, kw_only=True, tag="acs3", tag_field="by"):
    """ACS3-HMAC-SHA256 of Alibaba Cloud, over the query, the body, the host, the type and every header `x-acs-…`."""


Signature = Tc3 | Acs3
