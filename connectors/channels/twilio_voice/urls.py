"""Addresses Twilio repeats when they fail."""


def repeated(url: str, retries: int) -> str:
    """The URL with what Twilio shall do when it fails, which it neither sends nor signs.

    Source: twilio.com/docs/usage/webhooks/webhooks-connection-overrides (read 2026-11).
    """
    return f"{url}#rc={retries}&rp=all" if retries else url
