"""What is sent with a one-time code, in the language of whom it is sent to."""

from collections.abc import Mapping

MARK = "{code}"
"""Where the code goes."""
TEXTS: Mapping[str, str] = {
    "en": "Your code is {code}. It is valid for 15 minutes. If you did not ask for it, ignore this message.",
    "zh": "您的验证码是 {code},15 分钟内有效。如非本人操作,请忽略此消息。",
    "ms": "Kod anda ialah {code}. Ia sah selama 15 minit. Jika anda tidak memintanya, abaikan mesej ini.",
    "de": "Ihr Code lautet {code}. Er gilt 15 Minuten. Wenn Sie ihn nicht angefordert haben, ignorieren Sie dies.",
    "fr": "Votre code est {code}. Il est valable 15 minutes. Si vous ne l'avez pas demandé, ignorez ce message.",
    "es": "Su código es {code}. Es válido durante 15 minutos. Si no lo ha solicitado, ignore este mensaje.",
    "pt": "O seu código é {code}. É válido por 15 minutos. Se não o pediu, ignore esta mensagem.",
}


def code_text(*locales: str | None) -> str:
    """The sentence of the first locale (BCP 47) there is one for; else the English one."""
    languages = (locale.split("-")[0].lower() for locale in locales if locale)
    return TEXTS[next((language for language in languages if language in TEXTS), "en")]
