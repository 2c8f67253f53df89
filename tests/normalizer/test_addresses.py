import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from normalizer.addresses import InvalidAddress, handle, normalise


@pytest.mark.parametrize(
    ("text", "region", "value"),
    [
        ("+44 7700 900111", None, "+447700900111"),
        ("07700 900111", "GB", "+447700900111"),
        ("tel:+1-212-555-0123", None, "+12125550123"),
        ("０１０-６２７９-６０００", "CN", "+861062796000"),
        ("+39 06 6982", None, "+39066982"),
    ],
)
def test_a_telephone_number_becomes_e164(text, region, value):
    assert normalise("tel", text, region) == value


def test_a_possible_number_of_an_unassigned_range_is_taken():
    assert normalise("tel", "+1 200 555 0100") == "+12005550100"


@pytest.mark.parametrize("text", ["", "hello", "12", "07700 900111", "+44", "+44 20 7946 0000 ext. 5", "+" + "1" * 70])
def test_what_is_no_telephone_number_is_refused(text):
    with pytest.raises(InvalidAddress):
        normalise("tel", text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" Ann.Smith+news@Example.COM ", "ann.smith+news@example.com"),
        ("用户@例子.测试", "用户@xn--fsqu00a.xn--0zwm56d"),
        ("o'hara@bücher.example", "o'hara@xn--bcher-kva.example"),
        ('"two words"@example.com', '"two words"@example.com'),
        ("root@localhost", "root@localhost"),
    ],
)
def test_a_mail_address_is_compared_in_lower_case_with_an_ascii_domain(text, value):
    assert normalise("mailto", text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@-bad-.com",
        "ann@exa mple.com",
        "ann@a..b",
        "an n@example.com",
        "a..b@example.com",
        "ann@example.com\r\nBcc: eve@example.com",
        "ann\r\nbcc@example.com",
        "<ann@example.com>",
        "ann@[127.0.0.1]",
        "a" * 65 + "@example.com",
        "ann@" + "a" * 64 + ".com",
        "ann@" + "a." * 130 + "com",
        "ann@\u2488com.example",
    ],
)
def test_what_is_no_mail_address_is_refused(text):
    with pytest.raises(InvalidAddress):
        normalise("mailto", text)


def test_any_other_scheme_is_opaque():
    assert normalise("room", " 4242:Ab ") == "4242:Ab"


@pytest.mark.parametrize("text", ["", "  ", "a\x00b", "a\nb", "a\u2028b", "\ud800", "x" * 257])
def test_an_opaque_address_has_its_limits(text):
    with pytest.raises(InvalidAddress):
        normalise("room", text)


def test_a_handle_is_compared_without_its_sign_and_case():
    assert handle(" @AnnSmith ") == handle("annsmith") == "annsmith"


@pytest.mark.parametrize("text", ["@", "", "two words", "a@b", "x" * 65])
def test_a_handle_is_one_word(text):
    with pytest.raises(InvalidAddress):
        handle(text)


def test_the_refusal_does_not_repeat_the_address():
    with pytest.raises(InvalidAddress) as caught:
        normalise("mailto", "secret person@example.com")
    assert "secret" not in f"{caught.value} {caught.value.detail} {caught.value!r}"


def check_idempotent(scheme, text, region):
    try:
        value = normalise(scheme, text, region)
    except InvalidAddress:
        return
    assert normalise(scheme, value) == value


DIGITS = st.text("0123456789 -()", min_size=3, max_size=18)


@settings(max_examples=300, deadline=None)
@given(
    st.builds("{}{}".format, st.sampled_from(["+", "00", "0", ""]), DIGITS), st.sampled_from([None, "GB", "AR", "IT"])
)
@example("+3580000000", None)
def test_a_normalised_telephone_number_stays_as_it_is(text, region):
    check_idempotent("tel", text, region)


@settings(deadline=None)
@given(st.builds("{}@{}".format, st.text(min_size=1), st.text(min_size=1) | st.just("Example.com")) | st.emails())
@example("J\u030c@example.com")  # its small form has a character of its own
def test_a_normalised_mail_address_stays_as_it_is(text):
    check_idempotent("mailto", text, None)


@given(st.text())
def test_a_normalised_opaque_address_stays_as_it_is(text):
    check_idempotent("room", text, None)


def test_who_never_meets_a_telephone_number_does_not_import_their_tables():
    code = "import sys, normalizer.addresses as a; a.normalise('mailto', 'a@b.c'); print('phonenumbers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
