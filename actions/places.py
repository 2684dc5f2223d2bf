"""Where a matter is: what of a place a sentence settles, what is asked for, and what was said anew."""

from __future__ import annotations

import re

from actions.matters import Matter
from actions.turn import Turn
from bot.foundation.widths import both
from bot.grid.corrected import corrected
from bot.grid.location import Location
from bot.grid.places.sentence import is_whole
from bot.grid.places.words import grammar
from bot.sound import numbers
from bot.sound.answers.names import person

#: questions about the place before Gege goes on with what it has (docs/promises.md: at most three before the report is logged)
PLACE_QUESTIONS = 3
PUNCTUATION = both(" ,。.、")
_BETWEEN = ","
#: characters of a clause that may stand before and behind a landmark and tell nothing (就在)
_FILLERS = 3
#: a name that nobody asked for is one when it is this likely
_LIKELY = 0.9
#: a place of so many characters at least is kept as it was said when nothing in the county answers to it
_A_PLACE = 3
#: an answer of so many characters at most is a place as a whole
_AS_SAID = 24


def names_one(turn: Turn, text: str) -> bool:
    """Whether a sentence names a place by itself, whatever was said before."""
    found = turn.locate(text)
    numbered = bool(grammar().run.search(numbers.in_digits(text)))
    return numbered or bool(turn.entity("place")) or (found.understood and not _by_chance(turn, found))


def take_place(turn: Turn, matter: Matter, text: str) -> Location | None:
    """Find the place in a text and remember what it settles; None when the text names none.

    A 户号 and a householder's name are kept as they were said: staff get the match (`Turn.open_ticket`)."""
    take_account(turn, matter, text)
    if (householder := turn.entity("householder")) and not matter.householder:
        matter.householder = householder
    earlier, community = matter.place, matter.place_ask == "community"
    found = turn.locate(text, earlier="" if community else earlier, behind=earlier if community else "")
    if found.outside:
        if not matter.outside:
            matter.place_ask = None
        place = turn.entity("place")
        matter.outside = place if found.outside in place else found.outside + place
        return None
    heard = found.heard_place or turn.entity("place")
    if _by_chance(turn, found):
        return None
    if not heard and (not found.understood or found.grid_no is None):
        return None
    if heard and nameless(earlier) and not nameless(heard):
        heard = joined(earlier, heard, True)  # 88号, and then 白泉街的
        found = turn.locate(heard)
    elif heard and earlier and matter.place_ask not in (None, "place", "again", "hazard"):
        heard = joined(earlier, heard, community)
    if not found.understood and turn.asked == "place" and len(text) <= _AS_SAID:
        heard = _all_of_it(text, heard)
    heard = tidy(turn, heard)
    base = earlier or matter.denied_place
    if nameless(heard) and heard not in base:
        # 七百三十号, when the street was said before: the numbers are new, the name is not. Without a name it is nowhere.
        heard = numbers.in_digits(heard)
        whole_place = _name_of(numbers.in_digits(base)) + heard
        again = turn.locate(whole_place) if base else None
        if again is not None and again.understood and not nameless(whole_place):
            found, heard = again, whole_place
        else:
            matter.place, matter.outside = (whole_place if base else heard), ""
            matter.settle(None, None, "street")
            return found
    matter.place = heard or earlier or text
    matter.outside = ""
    whole = found.grid_no and is_whole(matter.words)  # 整栋楼都黑了: no door is asked
    near = found if found.grid_no else _beside(turn, found)
    matter.settle(found.household_no, near.grid_no, None if whole or near is not found else found.ask)
    return found


def _all_of_it(text: str, heard: str) -> str:
    """菜场对面那个巷子进去第三家: nothing of it is in a table, all of it tells; of 就在农药厂后头,没得门牌 the landmark does."""
    clauses = [one for one in re.split(f"[{PUNCTUATION}]", text) if one]
    around = next((one for one in clauses if heard and heard in one), "")
    if around and len(around) - len(heard) <= _FILLERS:
        return heard
    return around or text.strip(PUNCTUATION)


def _beside(turn: Turn, found: Location) -> Location:
    """The house that a place is behind, or opposite of: whoever serves the one serves the other."""
    named = re.sub(turn.site.words.beside, "", found.heard_place)
    return turn.locate(named) if named and named != found.heard_place else found


def _by_chance(turn: Turn, found: Location) -> bool:
    """Whether nothing but a sound-alike says that a sentence names a place that nobody asked for: 都不响 is no street."""
    if (
        turn.asked == "place"
        or found.grid_no
        or found.household_no
        or turn.site.words.says("place_marks", found.heard_place)
    ):
        return False
    if found.ask == "street":
        return (found.community or "")[:2] not in turn.text
    return sum(found.grids.values()) < _LIKELY


def correct_place(turn: Turn, matter: Matter, said: str) -> bool:
    """Put right what somebody says anew of a place that they have said before; False when they say nothing anew."""
    place = matter.place or matter.denied_place
    if not place or not said:
        return False
    alone = turn.locate(said)
    named = alone.understood and not _by_chance(turn, alone)
    name = re.sub(r"[0-9].*", "", alone.heard_place) if named and not nameless(alone.heard_place) else ""
    anew = alone.heard_place if len(name) > 1 and name not in place else ""
    if anew and not re.search("[0-9]", anew) and (place[0].isdigit() or turn.site.words.says("taken_back", said)):
        # 88号, and then 白泉街的; 解放路70号, and then 不是解放路,是学府路: the number stays
        anew += re.sub("^[^0-9]*", "", place)
    mended = tidy(turn, anew) if anew else corrected(place, said)
    mended = mended or _renumbered(turn, place, said)
    if not mended or mended == place:
        return False
    found = turn.locate(mended)
    if not found.understood:
        return False
    matter.place, matter.denied_place = mended, ""
    matter.settle(found.household_no, found.grid_no, found.ask)
    matter.answers["own_home"] = "no"
    return True


def _renumbered(turn: Turn, place: str, said: str) -> str:
    """The name of a place with the numbers that are said anew; "" when nothing is taken back, or no number is said.

    A number that was misheard cannot be put right part by part: nobody knows which part it was."""
    if turn.asked != "confirmed" and not turn.site.words.says("taken_back", said):
        return ""
    numbered = grammar().run.findall(numbers.in_digits(said))
    name = _name_of(numbers.in_digits(place))
    return name + "".join(numbered) if numbered and name else ""


def tidy(turn: Turn, heard: str) -> str:
    """A place as it was heard, without the scraps of the sentence at its ends: 茶香苑1栋,喊师 → 茶香苑1栋."""
    pieces = re.split(f"[{PUNCTUATION}]", heard)
    telling = [bool(re.search("[0-9]", one) or turn.site.words.says("place_marks", one)) for one in pieces]
    if not any(telling):
        return heard
    first, last = telling.index(True), len(telling) - telling[::-1].index(True)
    return _BETWEEN.join(pieces[first:last])


def _name_of(place: str) -> str:
    """What stands before the first digit."""
    return re.split("[0-9]", place)[0]


def nameless(heard: str) -> bool:
    """Whether a place is numbers alone: 五栋二单元201 is in every compound (and sounds of 梧桐)."""
    first = grammar().run.match(numbers.in_digits(heard))
    return first is not None and not first.group()[-1].isdigit()


def take_account(turn: Turn, matter: Matter, text: str) -> bool:
    """Keep a 户号 as it was said; whether there is such a one is nobody's business here."""
    said = turn.entity("household_no") or turn.site.words.found("account", numbers.in_digits(text))
    if said:
        matter.account = said
    return bool(said)


def joined(earlier: str, heard: str, first: bool) -> str:
    """Two parts of a place in the order in which it is said; a part that repeats the other is not doubled."""
    name = _name_of(earlier)
    if earlier in heard or (len(name) > 1 and name in heard):
        return heard
    if heard in earlier:
        return earlier
    return heard + earlier if first else earlier + heard


def spoken_name(text: str) -> str:
    """The name in an answer to "户主叫什么名字?": 户主是王建国啊 → 王建国; "" when there is none."""
    found = person(text)
    return found.value.whole if found else ""


# -- what is asked for ---------------------------------------------------------------------------------------------------


def where(turn: Turn, matter: Matter) -> str | None:
    """The question that is left about the place: own_home, place or householder; None when there is none."""
    danger = matter.flow == "hazard"
    if matter.outside:
        return _here(matter, danger)
    if matter.household_no:
        return None
    if not matter.place:
        if "own_home" not in matter.answers and turn.site.words.says("for_others", matter.words):
            matter.answers["own_home"] = "no"  # 我姨妈屋里: it is not the caller's
        if "own_home" not in matter.answers and len(turn.own_households()) == 1 and not danger:
            return "own_home"
        if matter.answers.get("own_home") == "yes" or matter.place_tries >= PLACE_QUESTIONS - 1:
            return None
        if matter.place_ask != "again":
            matter.place_ask = "hazard" if danger else "place"
        return "place"
    if danger:
        return None
    ask, tries = matter.place_ask, matter.place_tries
    if ask not in (None, "householder") and tries < PLACE_QUESTIONS - 1:
        return "place"
    if matter.householder is None and ask is not None and tries < PLACE_QUESTIONS:
        return "householder"
    return None


def _here(matter: Matter, danger: bool) -> str | None:
    """Whoever names a place outside the county hears who serves there, and is asked for one here; nothing is logged of
    what is not ours. A danger is logged already."""
    ask = {None: "outside", "outside": "place"}.get(matter.place_ask)
    if ask is None or (danger and ask != "outside"):
        if not danger:
            matter.answers["elsewhere"] = "yes"
        return None
    matter.place_ask = ask
    return "place"


# -- answers ---------------------------------------------------------------------------------------------------------------


def answer_own_home(turn: Turn, matter: Matter) -> bool:
    """ "是打电话的这个号码登记的那一家吗?": yes, no, or straight away another place."""
    answer = turn.answered("own_home")
    if answer != "yes" and (take_place(turn, matter, turn.text) or matter.outside):
        matter.answers["own_home"] = "no"
        return True
    answer = answer or turn.yes_no("own_home")
    if answer is None:
        return False
    matter.answers["own_home"] = answer
    if answer == "yes":
        at_home(turn, matter)
    return True


def at_home(turn: Turn, matter: Matter) -> None:
    """It is at the one home that the caller's number is registered for."""
    for home, _ in turn.own_households()[:1]:
        matter.answers["own_home"] = "yes"
        matter.household_no, matter.grid_no = home.household_no, home.grid_no


def answer_place(turn: Turn, matter: Matter) -> bool:
    """Where it is, as far as anybody can tell; what no table has is kept as it was said: the station knows its own."""
    matter.place_tries += 1
    outside, matter.outside = matter.outside, ""
    if matter.denied_place and not matter.place and correct_place(turn, matter, turn.text):
        return True
    earlier = matter.place
    if take_place(turn, matter, turn.text):
        _keep_the_number(turn, matter, earlier)
        return True
    if outside or matter.outside:
        _not_here(turn, matter, outside)
        return True
    if (name := spoken_name(turn.text)) and name != turn.text.strip(PUNCTUATION) and not matter.householder:
        # 姓王, 户主是王小二: whose house it is, instead of where; a bare name may be a place
        matter.householder = name
        return True
    if turn.intent == "affirm" and matter.denied_place:
        # "no" to the read-back, then "yes": the place that was read back stays
        matter.place, matter.denied_place, matter.place_ask = matter.denied_place, "", None
        return True
    if matter.account and take_account(turn, matter, turn.text):
        # The number alone says nobody where it is: asked for, as often as of anybody else.
        matter.place_ask = "again"
        return True
    if turn.intent == "inform" and len(turn.text) >= _A_PLACE and turn.answered("place") is None:
        matter.place += turn.text
        matter.place_ask = None
        return True
    if turn.answered("place") == "unknown" or (turn.intent in ("deny", "affirm") and not turn.meant.clauses):
        matter.place_ask = "again" if not matter.place else "householder"
        return True
    matter.place_tries -= 1
    return False


def _keep_the_number(turn: Turn, matter: Matter, earlier: str) -> None:
    """A number that was asked for stands in the place, also where no house of the registry has it."""
    numbered = "".join(grammar().run.findall(numbers.in_digits(turn.text)))
    if earlier and numbered and numbered not in numbers.in_digits(matter.place):
        matter.place = joined(_name_of(matter.place), numbered, False)
        found = turn.locate(matter.place)
        matter.settle(found.household_no or matter.household_no, found.grid_no or matter.grid_no, found.ask)


def _not_here(turn: Turn, matter: Matter, told: str) -> None:
    """The answer to "您要报的是崇阳这边的地方吗?" that names none of the county's places; `told`: what was named
    before, "" when it is named now for the first time."""
    again = matter.outside
    answer = turn.yes_no("place")
    if not again and answer is None and turn.intent == "inform" and len(turn.text) >= _A_PLACE:
        # A village or a landmark: kept as it was said; the station knows its own.
        matter.place, matter.place_ask = turn.text, None
        return
    matter.outside = again or told
    if told and (again or answer == "no") and matter.flow != "hazard":
        matter.answers["elsewhere"] = "yes"


def answer_householder(turn: Turn, matter: Matter) -> bool:
    """A name; nobody knows; or another part of the place, which is as good."""
    if turn.text.strip().isdigit():
        return False
    matter.place_tries += 1
    name = turn.entity("householder") or spoken_name(turn.text)
    if name:
        matter.householder = name
        return True
    if turn.intent == "deny" or turn.answered("householder") in ("unknown", "no"):
        matter.householder = ""
        return True
    if take_place(turn, matter, turn.text) or turn.intent == "inform":
        matter.place_ask = None if matter.household_no else "householder"
        matter.householder = "" if matter.place_tries >= PLACE_QUESTIONS else None
        return True
    matter.place_tries -= 1
    return False
