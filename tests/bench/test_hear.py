"""`gege bench hear`: what is compared, which folders are taken, what is counted of an ear."""

from pathlib import Path

import numpy as np
import pytest

from bot.bench.as_said import as_said, compared
from bot.bench.hear import hear, hear_all, judged_by
from bot.bench.hear_figures import Judged, Tally, by_group, table
from bot.bench.phone_line import RATE, over_the_line
from bot.bench.spoken_set import Said, SetRefused, read_set, spread
from bot.dialogue.port import Understanding
from bot.settings import PROJECT, Settings
from bot.speech.audio import write_wav
from bot.speech.port import HeardSpeech, RecogniserFailed
from tests.voice.doubles import ScriptedDialogue, ScriptedRecogniser, speech

HUMAN = PROJECT.parent / "shared" / "human_speech"
NONE = Understanding("", "out_of_scope", 0.0, True)


def _note(_line: str) -> None:
    pass


def _wav(file: Path, seconds: float = 0.5) -> Path:
    write_wav(file, np.frombuffer(speech(seconds, 16_000), "<i2").astype(np.int16), 16_000)
    return file


def _heard(text: str, said: Said, meaning: Understanding = NONE, unknown: float = 0.0) -> Judged:
    return Judged(said, HeardSpeech(text, unknown_share=unknown, seconds=1.0), meaning)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("沿河路二百零六号", "沿河路206号。"),
        ("幺三九零七二四", "139 0724"),
        ("我家,停电了", "我家停电了！"),
        ("涨了百分之三点五", "涨了3.5%"),
        ("两千零二十六年", "2026年"),
        ("二零二六年", "２０２６年"),
        ("ＵＳＢ插头", "usb插头"),
    ],
)
def test_what_is_said_the_same_way_counts_as_the_same(said: str, heard: str) -> None:
    assert compared(said, heard).exact


def test_another_character_of_the_same_sound_is_an_error_of_characters_and_none_of_sound() -> None:
    errors = compared("漏保跳闸了", "漏宝跳砸了")
    assert (errors.characters, errors.wrong_characters) == (5, 2)
    assert (errors.syllables, errors.wrong_syllables) == (5, 1)


def test_nothing_heard_is_all_wrong_and_nothing_said_is_no_division_by_zero() -> None:
    assert compared("停电了", "").wrong_characters == 3
    assert Tally().figures()["cer"] == 0.0


def test_a_text_full_of_numbers_is_read_in_few_ways() -> None:
    assert len(as_said(" 又 ".join(str(number) for number in range(100, 140)))) <= 32


def test_two_columns_are_enough_for_a_sites_own_recordings(tmp_path: Path) -> None:
    _wav(tmp_path / "a" / "one.wav")
    (tmp_path / "said.tsv").write_text("one\t停电了\n", "utf-8")
    found = read_set(tmp_path)
    assert [(one.name, one.text, one.intent) for one in found.said] == [("one", "停电了", "")]
    assert found.left_out == () and found.unnamed == 0


def test_a_heading_names_the_columns_in_any_order_and_those_that_nobody_knows_are_passed_over(tmp_path: Path) -> None:
    _wav(tmp_path / "one.wav")
    text = "\ufeffspeaker\tlicence\ttext\tid\tintent\nA\tCC0\t停电了\tone.wav\treport_outage\n"
    (tmp_path / "transcripts.tsv").write_text(text, "utf-8")
    (tmp_path / "other.tsv").write_text("nothing", "utf-8")
    (said,) = read_set(tmp_path).said
    assert (said.speaker, said.text, said.intent) == ("A", "停电了", "report_outage")


def test_what_is_missing_is_told_by_name_and_the_rest_is_measured(tmp_path: Path) -> None:
    _wav(tmp_path / "one.wav")
    _wav(tmp_path / "nobody.wav")
    (tmp_path / "t.tsv").write_text("one\t停电了\ntwo\t来电了\none\t\n\t空\n", "utf-8")
    found = read_set(tmp_path)
    assert len(found.said) == 1 and found.unnamed == 1
    assert len(found.left_out) == 3 and found.left_out[0].startswith("two: no such recording")


@pytest.mark.parametrize(
    "table", [None, b"\xff\xfe\x00\x01", "text\tspeaker\n停电了\tA\n".encode(), "no\t停电了\n".encode(), b""]
)
def test_a_folder_that_cannot_be_measured_with_is_refused_in_one_line(tmp_path: Path, table: bytes | None) -> None:
    _wav(tmp_path / "one.wav")
    if table is not None:
        (tmp_path / "t.tsv").write_bytes(table)
    with pytest.raises(SetRefused) as refused:
        read_set(tmp_path)
    assert str(tmp_path) in str(refused.value) and "\n" not in str(refused.value)


def test_every_beginning_of_a_set_holds_as_many_speakers_as_can_be() -> None:
    said = tuple(Said(f"{who}{n}", Path(), "好", speaker=who) for who in "aab" for n in range(3))
    assert {one.speaker for one in spread(said)[:2]} == {"a", "b"}


async def test_broken_sound_is_left_out_by_name_and_an_ear_that_breaks_is_counted(tmp_path: Path) -> None:
    said = [Said(name, _wav(tmp_path / f"{name}.wav"), "停电了") for name in ("good", "broken", "ear")]
    said[1].file.write_bytes(b"RIFF no sound")
    left_out: list[str] = []
    # the first is what warms the ear up
    ear = ScriptedRecogniser(["", "停电了", RecogniserFailed("gone")])
    heard = await hear_all(ear, said, False, left_out, _note)
    assert [one.said.name for one in heard] == ["good", "ear"] and left_out[0].startswith("broken: ")
    tally = by_group(heard)["all"].figures()
    assert (tally["utterances"], tally["failed"], tally["exact"]) == (2, 1, 0.5)


async def test_over_the_line_an_ear_is_given_what_a_telephone_carries(tmp_path: Path) -> None:
    ear = ScriptedRecogniser(["", "停电了"])
    await hear_all(ear, [Said("one", _wav(tmp_path / "one.wav", 1.0), "停电了")], True, [], _note)
    assert len(ear.fed[1]) == 2 * RATE


def test_the_line_takes_low_and_high_sound_away_and_adds_noise() -> None:
    time = np.arange(16_000) / 16_000
    waves = [(np.sin(2 * np.pi * hertz * time) * 8000).astype(np.int16) for hertz in (100, 1000, 3900)]
    mixed = over_the_line(np.sum(waves, axis=0).astype(np.int16), 16_000)
    spectrum = np.abs(np.fft.rfft(mixed))
    assert spectrum[1000] > 20 * spectrum[100] and spectrum[1000] > 5 * spectrum[3900]
    assert np.abs(over_the_line(waves[1], 16_000, 1) - over_the_line(waves[1], 16_000, 2)).max() > 0


async def test_what_nobody_would_act_on_is_rejected_and_never_counts_as_danger() -> None:
    danger = Understanding("", "report_hazard", 0.9, False)
    said = Said("one", Path(), "今天天气怎么样", intent="out_of_scope")
    sure, unclear = _heard("着火了", said, danger), _heard("着火了", said, danger, unknown=0.6)
    figures = by_group([sure, unclear])["all"].figures()
    assert (figures["rejected"], figures["rejected_unclear"], figures["taken_for_danger"]) == (0.5, 0.5, 0.5)
    assert (figures["false_danger"], figures["danger_heard"], figures["danger_said"]) == (1, 0, 0)


async def test_intents_and_places_are_counted_where_the_table_tells_them() -> None:
    said = Said("one", Path(), "沿河路二百零六号停电了", intent="report_outage", place="沿河路二百零六号")
    right = Understanding("", "report_outage", 0.9, False, {"place": "沿合路206号"})
    figures = by_group([_heard("沿合路206号停电了", said, right), _heard("好", said)])["all"].figures()
    assert (figures["intent_right"], figures["intent_wrong"], figures["place_right"]) == (0.5, 0.0, 0.5)
    assert "intent" not in table({"all": by_group([_heard("好", Said("x", Path(), "好"))])["all"].figures()})


async def test_the_dialogue_that_calls_use_says_what_is_meant() -> None:
    one = await judged_by(ScriptedDialogue([]), _heard("停电了", Said("x", Path(), "停电了")))
    assert one.intent == "report_outage" and one.row()["intent"] == "report_outage"


@pytest.mark.slow
async def test_the_committed_ear_hears_the_story_that_it_was_made_for(tmp_path: Path, dialogue_model: Path) -> None:
    from tools.demo_model.speaker import demo_wav

    demo_wav("我屋里停电了", tmp_path / "one.wav")
    (tmp_path / "t.tsv").write_text("id\ttext\tintent\none\t我屋里停电了\treport_outage\n", "utf-8")
    found = await hear(Settings(home=tmp_path / "home"), tmp_path, _note)
    assert found.figures["all"]["intent_right"] == 1.0 and found.figures["all"]["cer"] == 0.0
    assert "CER" in found.told() and found.ear == "demo"


@pytest.mark.slow
@pytest.mark.skipif(not HUMAN.is_dir(), reason="the human recordings are not on this machine (../shared/human_speech)")
async def test_human_speech_can_be_measured_with(tmp_path: Path, dialogue_model: Path) -> None:
    found = await hear(Settings(home=tmp_path), HUMAN, _note, line=True, limit=12)
    assert found.figures["all"]["utterances"] == 12 and found.left_out == []
