"""What WeChat hears: a word, or one text for the person who subscribed.

Source: developers.weixin.qq.com/doc/offiaccount/Message_Management/Passive_user_reply_message.html (read 2026-11).
"""

import hmac
from hashlib import sha256
from typing import Final

from connectors.channels.wechat.config import Config
from connectors.channels.wechat.envelope import said
from connectors.channels.wechat.reading import Tree
from connectors.channels.wechat.sealing import RANDOM, key_of, sealed
from connectors.families.handshake import fields, signature
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request

SUCCESS: Final = b"success"
"""Nothing is said to the person, and the call is not made again."""


def passive(request: Request, config: Config) -> bytes:
    """Encrypted wherever there is a key to do it with. The same for the same request: a call that is made again had
    no answer."""
    if config.welcome is None:
        return SUCCESS
    try:
        tree = said(request, config)
    except BadPayload:
        return SUCCESS
    if tree.get("MsgType") != "event" or tree.get("Event") != "subscribe":
        return SUCCESS
    at = str(int(request.received_at.timestamp()))
    words = _text(tree, config.welcome, at).encode()
    return words if config.aes_key is None or config.encryption == "plain" else _sealed(words, request, config, at)


def _text(tree: Tree, words: str, at: str) -> str:
    to, sender = str(tree.get("FromUserName", "")), str(tree.get("ToUserName", ""))
    return (
        f"<xml><ToUserName>{_cdata(to)}</ToUserName><FromUserName>{_cdata(sender)}</FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>{_cdata(words)}</Content></xml>"
    )


def _sealed(words: bytes, request: Request, config: Config, at: str) -> bytes:
    assert config.aes_key is not None
    key, nonce = key_of(config.aes_key), fields(request).get("nonce", "")
    salt = hmac.new(key, request.body + at.encode(), sha256).digest()[:RANDOM]  # unknown to whoever has no key
    envelope = sealed(words, config.app_id, key, salt)
    signed = signature(config.token.reveal(), at, nonce, envelope)
    return (
        f"<xml><Encrypt>{_cdata(envelope)}</Encrypt><MsgSignature>{_cdata(signed)}</MsgSignature>"
        f"<TimeStamp>{at}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    ).encode()


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
