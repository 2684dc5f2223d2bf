"""One telephone number is one, however a network, a spreadsheet or somebody writes it; two numbers never become one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.foundation.phone_numbers import area_code, number_in, of_network, phone_digits, spellings, to_dial

WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
LANDLINES = st.from_regex(r"0(10[2-8][0-9]{7}|2[0-9][2-8][0-9]{7}|[35-79][0-9]{2}[2-8][0-9]{6,7})", fullmatch=True)


@given(
    st.one_of(MOBILES, LANDLINES),
    st.sampled_from(["", "0", "86", "+86", "0086", "+86 0", "86-", "tel:+86", "tel:", "(+86)"]),
    st.sampled_from(["", "-", " ", "."]),
    st.booleans(),
)
def test_every_form_of_a_number_is_the_same_number(number: str, prefix: str, between: str, wide: bool) -> None:
    bare = number.removeprefix("0")
    # a landline without its 0, unless there is a country before it, is what a spreadsheet leaves
    digits = prefix + between.join((bare[:3], bare[3:7], bare[7:]))
    assert phone_digits(digits.translate(WIDE) if wide and ":" not in digits else digits) == number


@given(st.lists(st.one_of(MOBILES, LANDLINES), min_size=2, max_size=2, unique=True))
def test_two_numbers_share_no_spelling(numbers: list[str]) -> None:
    one, other = numbers
    assert not spellings(one) & spellings(other)
    assert all(phone_digits(each) == one for each in spellings(one))


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0715-3391234-602", "07153391234"),
        ("0715-3391234转602", "07153391234"),
        ("3391234-602", "3391234"),
        ("3391234/3391235", "3391234/3391235"),
        ("010-6555-1234", "01065551234"),
        ("571-8765-4321", "057187654321"),
        ("0571-8765-4321", "057187654321"),
        ("139 1234 5678(女儿)", "13912345678"),
        ("13912345678/13912345679", "13912345678/13912345679"),
        ("95598", "95598"),
        ("400-820-8820", "4008208820"),
        ("+44 20 7946 0018", "+442079460018"),
        ("0044 20 7946 0018", "+442079460018"),
        ("+1 391-234-5678", "+13912345678"),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)
def test_what_is_no_number_of_ours_is_made_no_number_of_ours(written: str, number: str) -> None:
    assert phone_digits(written) == number


def test_a_number_without_area_code_is_one_of_this_county() -> None:
    assert phone_digits("3391234", "0715") == "07153391234" and phone_digits("3391234") == "3391234"
    assert phone_digits("13912345678", "0715") == "13912345678" and phone_digits("95598", "0715") == "95598"
    assert {"3391234", "+867153391234", "07153391234"} <= spellings("07153391234", "0715")
    assert spellings("3391234", "0715") >= spellings("07153391234", "0715")
    assert (area_code("07153391234"), area_code("01065551234"), area_code("13912345678")) == ("0715", "010", "")


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("sip:8613912345678;phone-context=+86@ims.example;user=phone", "8613912345678"),
        ("sip:13912345678;npdi;rn=+8613010@10.0.0.1", "13912345678"),
        ("sip:+86-715-339-1234;postd=p22@10.0.0.1;user=phone", "+867153391234"),
        ("sip:%2B8613912345678@10.0.0.1", "+8613912345678"),
        ("sip:13912345678:secret@10.0.0.1", "13912345678"),
        ("sips:*98@pbx", "*98"),
        ("tel:3391234;phone-context=+86715", "+867153391234"),
        ("tel:3391234;phone-context=pbx.example", "3391234"),
        ("tel:13912345678;phone-context=+86", "13912345678"),
        ("TEL:+86-715-339-1234;ext=7", "+867153391234"),
        ("sip:anonymous@anonymous.invalid", ""),
        ("sip:unavailable@10.0.0.1", ""),
        ("sip:10.0.0.1", ""),
        ("sip:@10.0.0.1", ""),
        ("<unknown>", ""),
        ("13912345678", "13912345678"),
        ("", ""),
    ],
)
def test_the_number_of_an_address_is_what_stands_there(address: str, number: str) -> None:
    assert number_in(address) == number


#: forms in which a trunk writes whoever calls, is dialled or diverts; {n}: without the 0, {l}: with it, {b}: as it is kept
TRUNKS = [
    "+86{n}", "86{n}", "0086{n}", "+860{n}", "{b}", "{l}", "12593{l}", "17951{l}", "1790986{n}", "<sip:+86{n}@ims.example>",
    "sip:{b}@10.0.0.1:5060;user=phone", '"王大勇" <sip:{b}@10.0.0.1>;tag=7', "tel:+86{n}", "<tel:+86-{n}>", "tel:{n};phone-context=+86",
    "<sip:86{n};phone-context=+86@ims.example;user=phone>", "sip:{b};npdi;rn=+8613010@10.0.0.1", "sip:+86{n};rn=13010@x",
    "<sip:{b};postd=pp22@x>;reason=unconditional", "%2B86{n}", "sip:%2B86{n}@x", "+86{n}>", "<sip:{b}@x", "sip:86-{n}@x",
]  # fmt: skip


@given(st.one_of(MOBILES, LANDLINES), st.sampled_from(TRUNKS))
def test_whoever_calls_is_one_number_whatever_trunk_he_comes_by(number: str, trunk: str) -> None:
    bare = number.removeprefix("0")
    written = trunk.format(n=bare, l="0" + bare, b=number)
    assert of_network(written) == of_network(written, "0715") == to_dial(of_network(written)) == number


@given(st.from_regex(r"[0-9]{7}", fullmatch=True), st.sampled_from([*TRUNKS, "{n}", "sip:{n}@10.0.0.1"]))
def test_every_number_of_the_county_has_its_area_code_whatever_it_begins_with(local: str, trunk: str) -> None:
    written = trunk.format(n="715" + local, l="0715" + local, b="0715" + local)
    assert of_network(written, "0715") == "0715" + local
    if local[0] in "2345678":
        assert of_network(local, "0715") == of_network(f"tel:{local};phone-context=+86715") == "0715" + local


@pytest.mark.parametrize(
    "short", ["95598", "800", "110", "12345", "10086", "96598", "8001", "4008208820", "8008208820", "602"]
)
@pytest.mark.parametrize(
    "form", ["{}", "sip:{}@10.0.0.1", "<sip:{}@10.0.0.1;user=phone>", "tel:{};phone-context=pbx.example"]
)
def test_a_short_number_an_extension_and_a_service_stay_as_they_are(short: str, form: str) -> None:
    assert of_network(form.format(short), "0715") == to_dial(short, "0715") == short


@pytest.mark.parametrize(
    "nobody",
    ["", "anonymous", "Anonymous", "unavailable", "Restricted", "unknown", "<unknown>", "s", "P", "grid_24",
     '"Anonymous" <sip:anonymous@anonymous.invalid>', "sip:restricted@ims.example", "sip:ims.example", "tel:", "<>", ">", "<sip:@x>"],
)  # fmt: skip
def test_who_withholds_his_number_has_none(nobody: str) -> None:
    assert of_network(nobody, "0715") == to_dial(of_network(nobody, "0715")) == ""


def test_what_is_dialled_is_digits_alone_or_nothing() -> None:
    assert to_dial("+44 20 7946 0018") == "00442079460018" and to_dial("0715-3391234-602") == "07153391234"
    assert to_dial("3391234", "0715") == "07153391234" and to_dial("139 1234 5678(女儿)") == "13912345678"
    for none in ("13912345678/13912345679", "anonymous", "*98", "", "值班室"):
        assert to_dial(none) == "", "two numbers run together are nobody's"


@given(st.one_of(MOBILES, LANDLINES))
def test_a_number_is_kept_dialled_and_compared_in_one_form(number: str) -> None:
    assert to_dial(number) == phone_digits(number) == of_network(number) == number


@given(st.text(max_size=60))
def test_nothing_that_is_written_breaks_it(text: str) -> None:
    phone_digits(text, "0715")
    assert to_dial(text, "0715").isdecimal() or not to_dial(text, "0715")
    assert of_network(text, "0715") == of_network(of_network(text, "0715"), "0715")
    number_in(text)
    number_in(f"sip:{text}@host")
