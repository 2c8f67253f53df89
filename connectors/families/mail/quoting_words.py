"""The words by which mail programs mark older mail, in their languages, all in lower case.

English, Chinese, Malay, German, French, Spanish, Portuguese, Dutch, Swedish, Danish, Norwegian, Polish, Italian.
Source: what Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, QQ and 163 write (seen 2026-11).
"""

WROTE = (
    " wrote",
    "写道",
    "寫道",
    "写于",
    " menulis",
    " telah menulis",
    " schrieb",
    " a écrit",
    " a ecrit",
    " écrivait",
    " escribió",
    " escribio",
    " escreveu",
    " schreef",
    " skrev",
    " napisał",
    " ha scritto",
    " geschreven",
)
"""The verb of the sentence before a quotation."""

OPENERS = (
    *("on ", "in a message dated", "在", "于", "pada ", "am ", "le ", "el ", "em ", "no dia ", "op ", "den ", "på "),
    *("il ", "in data ", "w dniu ", "dnia "),
)
"""How that sentence begins, where it does not begin with a name."""

ORIGINAL = frozenset(
    {
        "original message",
        "original mail",
        "original email",
        "original appointment",
        "原始邮件",
        "原始郵件",
        "邮件原件",
        "原邮件",
        "回复的原邮件",
        "mesej asal",
        "mel asal",
        "pesan asli",
        "ursprüngliche nachricht",
        "originalnachricht",
        "original-nachricht",
        "ursprungliche nachricht",
        "message d'origine",
        "message d’origine",
        "message original",
        "message initial",
        "mensaje original",
        "mensagem original",
        "oorspronkelijk bericht",
        "oorspronkelijke bericht",
        "ursprungligt meddelande",
        "originalmeddelande",
        "oprindelig meddelelse",
        "opprinnelig melding",
        "wiadomość oryginalna",
        "oryginalna wiadomość",
        "messaggio originale",
    }
)

FORWARDED = frozenset(
    {
        "forwarded message",
        "begin forwarded message",
        "转发邮件",
        "转发的邮件",
        "转发邮件信息",
        "轉寄郵件",
        "mesej yang dimajukan",
        "weitergeleitete nachricht",
        "anfang der weitergeleiteten nachricht",
        "message transféré",
        "début du message transféré",
        "mensaje reenviado",
        "inicio del mensaje reenviado",
        "mensagem encaminhada",
        "início da mensagem encaminhada",
        "doorgestuurd bericht",
        "begin doorgestuurd bericht",
        "vidarebefordrat meddelande",
        "videresendt melding",
        "videresendt meddelelse",
        "wiadomość przekazana",
        "messaggio inoltrato",
        "inizio messaggio inoltrato",
    }
)

FROM = frozenset(
    {
        *("from", "发件人", "寄件者", "寄件人", "daripada", "dari"),
        *("von", "de", "expéditeur", "van", "från", "fra", "od", "da"),
    }
)

HEADERS = FROM | {
    *("sent", "date", "to", "cc", "subject"),
    *("发送时间", "发送日期", "日期", "时间", "收件人", "抄送", "主题", "寄件日期", "收件者", "副本", "主旨"),
    *("dihantar", "tarikh", "kepada", "sk", "subjek", "perkara", "dikirim", "tanggal"),
    *("gesendet", "datum", "an", "betreff"),
    *("envoyé", "à", "objet", "envoyé le"),
    *("enviado", "enviado el", "fecha", "para", "asunto"),
    *("enviado em", "enviada em", "data", "assunto"),
    *("verzonden", "aan", "onderwerp"),
    *("skickat", "till", "kopia", "ämne", "sendt", "til", "emne", "dato"),
    *("wysłano", "wysłane", "do", "dw", "temat"),
    *("inviato", "a", "oggetto"),
}

SENT_FROM = (
    "sent from my",
    "sent from outlook",
    "sent from mail for",
    "sent from yahoo",
    "sent from samsung",
    "sent via",
    "get outlook for",
    "发自我的",
    "从我的",
    "來自我的",
    "从 windows",
    "发送自",
    "dihantar daripada",
    "dihantar dari",
    "dikirim dari",
    "von meinem",
    "gesendet von",
    "gesendet mit",
    "envoyé de mon",
    "envoyé depuis",
    "enviado desde mi",
    "enviado desde",
    "enviado do meu",
    "enviado a partir",
    "verstuurd vanaf",
    "verzonden vanaf",
    "skickat från",
    "sendt fra",
    "wysłane z",
    "inviato da",
)

REPLY_PREFIXES = (
    *("re", "aw", "antw", "antwort", "sv", "vs", "odp", "rif", "ref", "res", "réf", "bls", "balas"),
    *("回复", "答复", "回覆", "回信"),
)

FORWARD_PREFIXES = ("fw", "fwd", "wg", "tr", "rv", "enc", "i", "pd", "vb", "vl", "doorst", "转发", "轉寄", "majukan")
