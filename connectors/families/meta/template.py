"""What Meta's templates have in common, a page's and WhatsApp's: texts with `{{places}}`, numbered or named.

Source: developers.facebook.com/docs/whatsapp/business-management-api/message-templates and
/docs/messenger-platform/send-messages/utility-messages (read 2026-11).
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from connectors.kit.approved import paired

PLACE: Final = re.compile(r"\{\{\s*(\w{1,64})\s*\}\}")
APPROVED: Final = "APPROVED"
NAMED: Final = "NAMED"
"""The `parameter_format` of one whose places go by names."""


def standing(status: str) -> str | None:
    """What is told of a template that must not be sent; None of one that may."""
    return None if status.upper() == APPROVED else status[:32].lower() or "not approved"


def component(where: str, text: str, values: Sequence[str], parameter_format: str | None) -> list[dict[str, Any]]:
    """The component that fills a text of the template; none where nothing is to be filled. Raises Refused."""
    named = (parameter_format or "").upper() == NAMED
    parameters = [
        {"type": "text", **({"parameter_name": place} if named else {}), "text": value}
        for place, value in paired(where, list(dict.fromkeys(PLACE.findall(text))), values)
    ]
    return [{"type": where, "parameters": parameters}] if parameters else []
