"""Single sentences that hold everything: acted on at once, read back or logged with the right kind and grid?"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from bot.bench.homes import spoken_numbers
from bot.bench.residents.county import County
from bot.bench.residents.drive import Converse
from bot.bench.residents.hearing import asked, fits_home
from bot.bench.residents.words import matters, sentences
from bot.foundation.widths import plain


@dataclass(frozen=True)
class Whole:
    """One sentence, the reply, and whether Gege acted on it."""

    sentence: str
    reply: str
    acted: bool


def whole(service: Converse, county: County, number: int, seed: int) -> Whole:
    """One sentence of a number that nobody knows, about a household by lot; numbers as people say them."""
    dice = random.Random(f"whole/{seed}/{number}")
    home = county.homes[dice.randrange(len(county.homes))]
    numbers = spoken_numbers(home.numbers, dice) if dice.random() < 0.5 else home.numbers
    said = dice.choice(sentences().clean).format(place=home.community + home.place + numbers, name=home.holder)
    service.ask(do="fresh")
    answer = service.ask(session=f"whole {number}", text=said, caller=f"130120{number:05d}", channel="phone")
    reply = "".join(answer["replies"])
    tickets = service.ask(do="tickets")["tickets"]
    read_back = (
        asked(plain(reply)) == "confirm"
        and fits_home(plain(reply), home, county.places)
        and bool(re.search(matters()["outage"].named, reply))
    )
    logged = [(card["kind"], card["grid_no"]) for card in tickets] == [("outage", home.grid_no)]
    return Whole(said, reply, logged or not tickets and read_back)
