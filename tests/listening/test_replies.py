"""What is said in SMTP and LMTP."""

import pytest

from gateway.listening.mail import Verdict
from gateway.listening.replies import enhanced, one_for_all


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("250 OK", "250 2.0.0 OK"),
        ("552 Error: too much", "552 5.3.4 Error: too much"),
        ("530 Must issue a STARTTLS command first", "530 5.7.0 Must issue a STARTTLS command first"),
        ("538 5.7.11 Encryption required", "538 5.7.11 Encryption required"),
        ("220 hub ESMTP", "220 hub ESMTP"),
        ("354 go on", "354 go on"),
        ("250-one\r\n250 two", "250-one\r\n250 two"),
        ("599 unheard of", "599 unheard of"),
    ],
)
def test_a_reply_without_an_enhanced_code_gets_one(said, becomes):
    assert enhanced(said) == becomes


@pytest.mark.parametrize(
    ("verdicts", "answer"),
    [
        ({Verdict.TAKEN, Verdict.LATER, Verdict.REFUSED}, "451 4.3.0 a fault of ours; try again later"),
        ({Verdict.REFUSED, Verdict.TAKEN}, "250 2.0.0 taken"),
        ({Verdict.REFUSED}, "550 5.7.1 refused"),
    ],
)
def test_one_answer_speaks_for_all_copies(verdicts, answer):
    assert one_for_all({str(verdict): verdict for verdict in verdicts}) == answer
