"""What residents and staff read in a messenger (words.yml)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load


@dataclass(frozen=True)
class StaffTalkWords:
    """Staff, about talking to a resident."""

    begun: str
    busy: str
    ended: str
    over: str
    none: str
    no_chat: str
    late: str
    words_only: str


@dataclass(frozen=True)
class StaffWords:
    """What staff read."""

    #: verb of a press → its outcome → sentence
    told: dict[str, dict[str, str]]
    ask_eta: str
    #: why a time was not taken → sentence
    bad_time: dict[str, str]
    ask_pass: str
    ask_wrong: str
    noted: str
    photo: str
    photo_kept: str
    corrected: str
    second_person: str
    not_learned: str
    ring: str
    ringing: dict[str, str]
    ring_nowhere: str
    talk: StaffTalkWords
    refused: str
    not_yours: str
    gone: str
    #: what staff write to be let in, and what they get: a link, the desk's address, or that there is none
    sign_in_word: str
    sign_in: str
    sign_in_desk: str
    sign_in_nowhere: str


@dataclass(frozen=True)
class TalkWords:
    """While a person talks to a resident through the bot."""

    begun: str
    ended: str
    to_resident: str
    to_staff: str
    answered: str
    master: str
    somebody: str
    voice: str
    voice_unheard: str
    picture: str
    place: str
    contact: str
    other: str
    noted: str


@dataclass(frozen=True)
class ClockWords:
    """A time of day, on the hour and not."""

    full: str
    minutes: str


@dataclass(frozen=True)
class WeComWords:
    """What staff write in WeCom instead of pressing."""

    verbs: dict[str, str]
    link: str
    no_photo: str
    how: str


@dataclass(frozen=True)
class ChatWords:
    """Everything; what stands here by itself, residents read."""

    start: str
    #: rows of buttons
    board: tuple[tuple[str, ...], ...]
    not_heard: str
    not_playable: str
    no_recogniser: str
    too_big: dict[str, str]
    lost: dict[str, str]
    photo_kept: str
    photo_first: str
    not_a_picture: str
    location: str
    no_places: str
    contact: str
    unknown_kind: str
    group: str
    failed: str
    linked: str
    bad_code: str
    staff: StaffWords
    talk: TalkWords
    #: minutes → label
    etas: dict[str, str]
    minutes: str
    days: tuple[str, ...]
    date: str
    clock: ClockWords
    corrects: str
    wecom: WeComWords
    #: a press below a question → what is said to it
    answers: dict[str, str]


@cache
def words() -> ChatWords:
    return load(ChatWords, Path(__file__).with_name("words.yml"))
