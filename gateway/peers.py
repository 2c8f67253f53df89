"""Who asked: the network address behind the proxies that the operator believes."""


def asker(client: str, forwarded: str | None, proxies: int) -> str:
    """The address that the outermost believed proxy saw, as it is written; `client` without proxies.

    `client` is who connected, `forwarded` all of `X-Forwarded-For`, to which each proxy adds at the end whom it speaks
    for: what stands further to the left than there are proxies, anybody can have written.
    """
    if not proxies:
        return client
    named = [*(part.strip() for part in (forwarded or "").split(",") if part.strip()), client]
    return named[max(0, len(named) - 1 - proxies)]
