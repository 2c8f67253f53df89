"""What is new in an answer, in the languages and programs customers write with."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.families.mail.quoting import new_text
from connectors.families.mail.quoting_subject import read_subject

QUOTED = "> It left today.\n> Help"
ATTRIBUTED = {
    "gmail en": "On Sat, 21 Nov 2026 at 09:12, Help <help@example.com> wrote:",
    "gmail en wrapped": "On Sat, 21 Nov 2026 at 09:12, Example Support\n<help@example.com> wrote:",
    "apple en": "On Nov 21, 2026, at 9:12 AM, Help <help@example.com> wrote:",
    "thunderbird en": "On 21/11/2026 09:12, Help wrote:",
    "gmail de": "Am Sa., 21. Nov. 2026 um 09:12 Uhr schrieb Help <help@example.com>:",
    "thunderbird de": "Am 21.11.26 um 09:12 schrieb Help:",
    "gmail fr": "Le sam. 21 nov. 2026 à 09:12, Help <help@example.com> a écrit :",
    "gmail fr wrapped": "Le sam. 21 nov. 2026 à 09:12, Example Support\n<help@example.com> a\nécrit :",
    "gmail es": "El sáb, 21 nov 2026 a las 9:12, Help (<help@example.com>) escribió:",
    "gmail pt": "Em sáb., 21 de nov. de 2026 às 09:12, Help <help@example.com> escreveu:",
    "gmail ms": "Pada Sab, 21 Nov 2026 pada 09:12 Help <help@example.com> menulis:",
    "gmail zh": "Help <help@example.com> 于2026年11月21日周六 09:12写道：",
    "apple zh": "在 2026年11月21日，09:12，Help <help@example.com> 写道：",
    "gmail zh tw": "Help <help@example.com> 於 2026年11月21日 週六 上午9:12寫道：",
    "163 zh": 'At 2026-11-21 09:12:00, "Help" <help@example.com> wrote:',
    "gmail nl": "Op za 21 nov 2026 om 09:12 schreef Help <help@example.com>:",
    "gmail sv": "Den lör 21 nov. 2026 kl 09:12 skrev Help <help@example.com>:",
    "gmail pl": "sob., 21 lis 2026 o 09:12 Help <help@example.com> napisał(a):",
    "gmail it": "Il giorno sab 21 nov 2026 alle ore 09:12 Help <help@example.com> ha scritto:",
}
BLOCKS = {
    "outlook en": "From: Help <help@example.com>\nSent: Saturday, November 21, 2026 9:12 AM\nTo: Ann\nSubject: x",
    "outlook bold": "*From:* Help\n*Sent:* Saturday, 21 November 2026 09:12\n*To:* Ann\n*Subject:* parcel",
    "outlook rule": "_____________________________\nFrom: Help\nSent: 21 November 2026\nTo: Ann\nSubject: parcel",
    "outlook de": "Von: Help <help@example.com>\nGesendet: Samstag, 21. November 2026 09:12\nAn: Ann\nBetreff: Paket",
    "outlook fr": "De : Help <help@example.com>\nEnvoyé : samedi 21 novembre 2026 09:12\nÀ : Ann\nObjet : colis",
    "outlook es": "De: Help\nEnviado: sábado, 21 de noviembre de 2026 9:12\nPara: Ann\nAsunto: paquete",
    "outlook pt": "De: Help\nEnviado: sábado, 21 de novembro de 2026 09:12\nPara: Ann\nAssunto: pacote",
    "outlook zh": "发件人: Help <help@example.com>\n发送时间: 2026年11月21日 9:12\n收件人: Ann\n主题: 包裹",
    "outlook zh full width": "发件人：Help\n日期：2026年11月21日\n收件人：Ann\n主题：包裹",
    "outlook ms": "Daripada: Help\nDihantar: Sabtu, 21 November 2026 9:12\nKepada: Ann\nSubjek: bungkusan",
    "outlook nl": "Van: Help\nVerzonden: zaterdag 21 november 2026 09:12\nAan: Ann\nOnderwerp: pakje",
    "outlook sv": "Från: Help\nSkickat: den 21 november 2026 09:12\nTill: Ann\nÄmne: paket",
    "outlook pl": "Od: Help\nWysłano: sobota, 21 listopada 2026 09:12\nDo: Ann\nTemat: paczka",
    "outlook it": "Da: Help\nInviato: sabato 21 novembre 2026 09:12\nA: Ann\nOggetto: pacco",
    "gmx": 'Gesendet: Samstag, 21. November 2026 um 09:12 Uhr\nVon: "Help" <h@x.de>\nAn: Ann\nBetreff: Paket',
    "hotmail": "Date: Sat, 21 Nov 2026 09:12:00 +0000\nFrom: help@example.com\nTo: Ann\nSubject: parcel",
    "163 table": "---- 回复的原邮件 ----\n| 发件人 | Help |",
    "old outlook": "-----Original Message-----\nFrom: Help\nIt left.",
    "old outlook de": "-----Ursprüngliche Nachricht-----\nVon: Help",
    "old outlook fr": "-----Message d'origine-----\nDe : Help",
    "old outlook es": "-----Mensaje original-----\nDe: Help",
    "old outlook pt": "-----Mensagem original-----\nDe: Help",
    "qq": "------------------ 原始邮件 ------------------\n发件人: Help",
    "ms": "-----Mesej Asal-----\nDaripada: Help",
}


@pytest.mark.parametrize("attribution", ATTRIBUTED.values(), ids=ATTRIBUTED)
def test_the_quotation_after_a_sentence_goes(attribution):
    assert new_text(f"It came, thanks.\n\nAnn\n\n{attribution}\n\n{QUOTED}\n") == "It came, thanks.\n\nAnn"
    assert new_text(f"It came, thanks.\n{attribution}\n{QUOTED}\n") == "It came, thanks."


@pytest.mark.parametrize("attribution", ATTRIBUTED.values(), ids=ATTRIBUTED)
def test_answers_within_the_quotation_stay(attribution):
    written = f"{attribution}\n> Which size?\nLarge.\n> Which colour?\nBlue."
    assert new_text(written) == written


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_an_older_mail_under_its_header_goes(block):
    assert new_text(f"It came, thanks.\n\n{block}\n\nIt left today.\n") == "It came, thanks."


@pytest.mark.parametrize("block", [*BLOCKS.values(), *ATTRIBUTED.values()], ids=[*BLOCKS, *ATTRIBUTED])
def test_nothing_goes_where_nothing_would_be_left(block):
    assert new_text(f"{block}\n> It left.") == f"{block}\n> It left."


@pytest.mark.parametrize(
    "text",
    [
        "In the manual of 2024 you wrote:\npress the red button. It did nothing.",
        "She wrote:\nhello",
        "From: Berlin\nI want to go home.",
        "My sizes:\nTo: 42\nFrom: 40",
        "> This is what I mean\nand here is why.",
        "Two -- dashes -- in a line",
        "a > b and b > c",
    ],
)
def test_what_only_looks_so_stays(text):
    assert new_text(text) == text


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Call me.\n-- \nAnn\n+44 20 7946 0000", "Call me."),
        ("Call me.\n\nSent from my iPhone", "Call me."),
        ("好的\n\n发自我的iPhone", "好的"),
        ("Ja.\n\nVon meinem iPhone gesendet", "Ja."),
        ("Oui.\n\nEnvoyé de mon iPhone", "Oui."),
        ("Sí.\n\nEnviado desde mi iPhone", "Sí."),
        ("Sim.\n\nEnviado do meu iPhone", "Sim."),
        ("Baik.\n\nDihantar daripada iPhone saya", "Baik."),
        ("Yes.\n\n> quoted without a word", "Yes."),
        ("Yes.\n\nOn 21/11/2026 09:12, Help wrote:\n> x\n\n-- \nlist footer\nof some lines", "Yes."),
        ("-- \nAnn", "-- \nAnn"),
    ],
)
def test_signatures_and_bare_quotations_go(text, new):
    assert new_text(text) == new


@pytest.mark.parametrize("marker", ["---------- Forwarded message ---------", "-------- 转发邮件 --------"])
def test_what_is_forwarded_stays(marker):
    written = f"Yours?\n\n{marker}\nFrom: Shop\nDate: Fri\nTo: Ann\nSubject: invoice\n\nPay."
    assert new_text(written) == written
    headed = "Yours?\n\nFrom: Shop\nSent: Fri\nTo: Ann\nSubject: invoice\n\nPay."
    assert new_text(headed, forwards=True) == headed


@given(st.lists(st.sampled_from(["On 2026 Ann wrote:", "> q", "", "text", "From: a", "To: b", "Subject: c", "-- "])))
def test_what_is_left_is_part_of_what_was_written(lines):
    written = "\n".join(lines)
    kept = new_text(written)
    assert written.strip().startswith(kept)
    assert bool(kept) == bool(written.strip())


@pytest.mark.parametrize(
    "line", ["\n", "> \n", ">", "On 2026 Ann\n", "On 2026 wrote:\n", "From: a\n", "a:\n", "--\n", "x", " ", "写道：\n"]
)
def test_the_time_is_linear_in_the_length(line):
    def seconds(octets):
        text = "hi\n" + line * (octets // len(line)) + "end"
        began = perf_counter()
        new_text(text)
        return perf_counter() - began

    assert seconds(1_000_000) < 5.0


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        ("Re: parcel", ("parcel", False)),
        ("RE: AW: Re[2]: parcel", ("parcel", False)),
        ("回复：答复: 包裹", ("包裹", False)),
        ("Fwd: Re: parcel", ("parcel", True)),
        ("Re: Fwd: parcel", ("parcel", False)),
        ("WG: Paket", ("Paket", True)),
        ("Order: 881", ("Order: 881", False)),
        ("Re:", (None, False)),
        (None, (None, False)),
    ],
)
def test_a_subject_is_read_without_its_prefixes(subject, read):
    assert read_subject(subject) == read
