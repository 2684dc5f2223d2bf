"""Finding the household and the grid in a spoken sentence, and knowing when it is not certain.

Evidence: a 户号, place names by character and by sound, the numbers behind them, the householder, the caller's own
contact, the dialled number. Certain is only what is said clearly and fits one; a wrong manager is worse than a
question (docs/promises.md, 3 and 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from bot.foundation.widths import both
from bot.grid.address import Parts, place_words, read_parts
from bot.grid.contacts import ContactKey
from bot.grid.county import County
from bot.grid.garbled import garbled
from bot.grid.location import Candidate, Location
from bot.grid.numerals import normalise_numbers
from bot.sound.classes import fold, sounds_like

#: a name that is heard clearly: the characters themselves, or all its sounds
CLEAR = 0.9
#: below this a name was not heard at all
HEARD = 0.6
#: candidates this close together are not told apart
CLOSE = 0.1
#: readings that must agree
_LEADING = 2
#: candidates that are told, and different places among the first of them
_SHOWN, _PLACES = 5, 3
#: by so much a later reading must be better than an earlier one
_BETTER = 0.02
#: characters of a sentence that are searched
READ = 300
#: households scored at most
SCORED = 3_000
_EDGES = both(",。") + "的"


@dataclass(frozen=True)
class _Match:
    """A registry name in a text: where, and how well."""

    name: str
    score: float
    start: int
    end: int


@dataclass(frozen=True)
class _Found:
    """One household's evidence."""

    row: int
    score: float
    name_score: float
    number: bool


class Locator:
    """Look-ups over one registry's names; built once, read by many threads."""

    def __init__(self, county: County, linked: Callable[[ContactKey | None], list[tuple[str, bool]]]) -> None:
        self._county, self._linked = county, linked
        self._names = list(county.names)
        self._accent = [fold(name) for name in self._names]
        self._dialect = [fold(name, "dialect") for name in self._names]
        suffixes = sorted(place_words().name_suffixes, key=len, reverse=True)
        self._cores = {name: _core(name, suffixes) for name in self._names}
        self._communities = {name: _core(name, place_words().community_suffixes) for name in county.grids_in}
        self._name_order = {name: index for index, name in enumerate(self._names)}

    def locate(
        self,
        text: str,
        *,
        alternatives: Sequence[str],
        caller: ContactKey | None,
        grid_hint: str | None,
        community: str | None,
        householder: str | None,
        earlier: str,
        as_said: bool = False,
    ) -> Location:
        def look(reading: str) -> tuple[Location, bool]:
            return self._locate(reading, before, caller, grid_hint, community, householder, as_said)

        readings = [_clean(reading) for reading in (text, *alternatives[:4]) if reading]
        before = _clean(earlier)
        first, unclear = look((readings or [""])[0])
        best, leading = first, [first]
        for reading in readings[1:]:
            if len(leading) == _LEADING and best.household_no and best.score + _BETTER >= 1.0:
                break  # nothing can be better
            one, _ = look(reading)
            if len(leading) < _LEADING:
                leading.append(one)
            if (one.household_no is not None, one.score) > (best.household_no is not None, best.score + _BETTER):
                best = one
        # A place that only the recogniser's second thoughts have clearly, or that its first two have differently, is
        # asked for: a lost numeral still leaves a house number. The third and later are too often nonsense.
        houses = {one.household_no: one.grid_no for one in (*leading, best) if one.household_no}
        doubtful = len(houses) > 1 or (unclear and best is not first)
        return self._asked(best, houses.values()) if doubtful and best.household_no else best

    def _asked(self, best: Location, grids: Collection[str | None]) -> Location:
        """The same place, with its number still to be asked for; its grid only when several houses are all of it."""
        grid = best.grid_no if len(grids) > 1 and len(set(grids)) == 1 else None
        own = self._county.parts[self._county.row_of[best.household_no or ""]]
        ask = "building" if own.building else "number"
        return replace(best, household_no=None, grid_no=grid, manager=self._county.manager_no(grid), ask=ask)

    # -- one reading ------------------------------------------------------------------------------
    def _locate(
        self,
        text: str,
        earlier: str,
        caller: ContactKey | None,
        grid_hint: str | None,
        community: str | None,
        householder: str | None,
        as_said: bool,
    ) -> tuple[Location, bool]:
        """Where one reading points, and whether its number was heard badly."""
        if as_said:
            text = re.sub(place_words().account, "", text)
        elif number := self._account(text):
            return self._certain(number, 1.0, text), False
        whole = _joined(earlier, text)
        names = self._matches(whole)
        said = community or self._community(whole, names)
        if said:  # 青山 in 青山环城路 is the community, not 青山小区
            core = self._communities.get(said, "")
            others = [one for one in names if one.score >= 0.8 and self._cores[one.name] != core]
            names = others or names
        parts = self._parts(whole, names)
        holder, surname = ("", "") if as_said else _holder(whole, householder)
        own = self._own_rows(caller)
        found = self._candidates(names, parts, said, holder, surname, own, grid_hint)
        unclear = bool(names) and garbled(whole[names[0].end :])
        if unclear:
            # A numeral was lost between digits: no number is taken as heard.
            found = [replace(one, name_score=min(one.name_score, 0.79), number=False) for one in found]
        heard = _heard(whole, names, parts, said)
        if not found:
            return self._without_name(said, holder, own, grid_hint, heard, whole), unclear
        return self._decide(found, names, parts, said, holder, own, heard), unclear

    def account_in(self, said: str) -> str | None:
        """The 户号 that a sentence holds, when there is such a household."""
        return self._account(_clean(said))

    def _account(self, text: str) -> str | None:
        for run in re.findall(r"[0-9A-Za-z-]{4,}", text):
            if run in self._county.row_of:
                return str(run)
        for run in re.findall(r"\d[\d ]{6,}\d", text):
            if (number := run.replace(" ", "")) in self._county.row_of:
                return number
        return None

    def _matches(self, text: str) -> list[_Match]:
        """Names in the text, best first; a name inside a longer clear one is not a name of its own."""
        if not self._names or len(text) < 2:
            return []
        found: dict[str, _Match] = {}
        for name in self._names:
            position = text.find(name)
            if position >= 0:
                found[name] = _Match(name, 1.0, position, position + len(name))
        clear = list(found.values())
        clear += [
            _Match(name, 1.0, position, position + len(name))
            for name in self._communities
            if (position := text.find(name)) >= 0
        ]
        for name, core in self._cores.items():
            position = text.find(core) if core and name not in found else -1
            if position >= 0 and not any(one.start <= position < one.end for one in clear):
                found[name] = _Match(name, 0.88, position, position + len(core))
        for strength, folded, weight in (("accent", self._accent, 0.96), ("dialect", self._dialect, 0.84)):
            sounds = fold(text, strength)
            if any(match.score >= weight for match in found.values()):
                break
            for _, ratio, index in process.extract(
                sounds, folded, scorer=fuzz.partial_ratio, limit=12, score_cutoff=60
            ):
                name = self._names[index]
                exact = sounds.find(folded[index])
                score = weight if exact >= 0 else weight * 0.92 * ratio / 100
                if score > found.get(name, _Match(name, 0.0, 0, 0)).score and score >= HEARD:
                    if exact < 0:
                        aligned = fuzz.partial_ratio_alignment(folded[index], sounds)
                        start, end = (aligned.dest_start, aligned.dest_end) if aligned else (0, 0)
                    else:
                        start, end = exact, exact + len(name)
                    if not any(one.start <= start < one.end for one in clear):
                        found[name] = _Match(name, score, start, end)
        kept = [
            one
            for one in found.values()
            if not any(
                other.start <= one.start and one.end <= other.end and len(other.name) > len(one.name)
                and other.score >= one.score
                for other in found.values()
            )
        ]  # fmt: skip
        return sorted(kept, key=lambda match: -match.score)[:8]

    def _community(self, text: str, names: list[_Match]) -> str | None:
        for name in self._communities:
            if name in text:
                return name
        sounds = fold(text)
        for name in self._communities:
            if fold(name) in sounds:
                return name
        for name, core in self._communities.items():
            position = text.find(core) if core else -1
            taken = any(one.start <= position < one.end for one in names if one.score > 0.88)
            alone = not any(self._cores[one.name] != core and one.score >= 0.8 for one in names)
            if position >= 0 and not taken and not (alone and names):
                return name
        return None

    def _parts(self, text: str, names: list[_Match]) -> Parts:
        """The numbers that belong to the place: those behind its name, without what counts something else."""
        behind = text[names[0].end :] if names else text
        behind = re.sub(rf"\d+\s*(?:{place_words().no_place})", " ", behind)
        behind = re.sub(r"\d{7,}", " ", behind)
        parts = read_parts(behind)
        if names and parts == Parts():
            # 六栋凤凰城; a bare digit there is a word that was misheard: 是七东门巷
            before = re.sub(rf"\d+\s*(?:{place_words().no_place})", " ", text[: names[0].start])
            before = re.sub(rf"\d{{7,}}|\d+(?!\d|{place_words().number_marks})", " ", before)
            parts = read_parts(before)
        return parts

    def _own_rows(self, caller: ContactKey | None) -> set[int]:
        if caller is None:
            return set()
        rows = self._county.row_of
        return {rows[number] for number, _ in self._linked(caller) if number in rows}

    def _candidates(
        self,
        names: list[_Match],
        parts: Parts,
        said: str | None,
        holder: str,
        surname: str,
        own: set[int],
        grid_hint: str | None,
    ) -> list[_Found]:
        county = self._county
        found: dict[int, _Found] = {}
        for match in names:
            name = county.names[match.name]
            wanted = parts.first if name.is_compound else parts.number or parts.building or parts.room
            if name.is_compound and not parts.building and parts.number:
                wanted = parts.number
            rows = list(name.at.get(wanted, ())) if wanted else []
            hit = bool(rows)
            if not rows:
                rows = list(name.households())[:SCORED]
            for row in rows:
                score = 0.6 * match.score + (0.25 if hit else 0.1 if not wanted else 0.0)
                score += 0.15 * self._detail(row, parts, hit)
                if said:
                    score *= 1.0 if county.communities_of[row] == said else 0.6
                if holder or surname:
                    score += self._holder_score(row, holder, surname)
                if row in own:
                    score += 0.12
                if grid_hint:
                    score += 0.03 if county.grids[row] == grid_hint else -0.03
                if score > found.get(row, _Found(row, 0.0, 0.0, False)).score:
                    found[row] = _Found(row, score, match.score, hit)
        return sorted(found.values(), key=lambda one: -one.score)

    def _detail(self, row: int, parts: Parts, hit: bool) -> float:
        """How well unit and room fit: 1 all that were said, 0 a contradiction."""
        own = self._county.parts[row]
        if not hit:
            return 0.0
        for said, real in ((parts.unit, own.unit), (parts.room, own.room)):
            if said and real and said != real:
                return 0.0
        complete = all(said or not real for said, real in ((parts.unit, own.unit), (parts.room, own.room)))
        return 1.0 if complete else 0.6

    def _holder_score(self, row: int, holder: str, surname: str) -> float:
        real = self._county.holders[row]
        if holder:
            if holder == real:
                return 0.2
            if sounds_like(real, holder):
                return 0.15
            if fold(real[:1], "dialect") == fold(holder[:1], "dialect") and len(real) == len(holder):
                ratio = fuzz.ratio(fold(real, "dialect"), fold(holder, "dialect")) / 100
                return 0.1 * ratio
            return -0.08
        return 0.08 if real[:1] == surname else -0.05

    # -- deciding ---------------------------------------------------------------------------------
    def _decide(
        self,
        found: list[_Found],
        names: list[_Match],
        parts: Parts,
        said: str | None,
        holder: str,
        own: set[int],
        heard: str,
    ) -> Location:
        county = self._county
        top = found[0]
        close = [one for one in found if one.score >= top.score - CLOSE]
        clear = top.name_score >= CLEAR or (top.name_score >= 0.8 and self._confirmed(top, holder, own))
        first = [one for one in found if one.score >= top.score - 0.02]
        room_for_doubt = found[1].score if len(found) > 1 else 0.0
        only = len(first) == 1 and top.score - room_for_doubt >= 0.05
        fits = self._detail(top.row, parts, top.number) == 1.0
        in_place = said is None or county.communities_of[top.row] == said
        household = county.numbers[top.row] if clear and only and top.number and fits and in_place else None
        if household and holder and self._holder_score(top.row, holder, "") < 0:
            # The place is clear, the name is another: served by this manager, but whose house is open.
            household = None
        grids = {county.grids[one.row] for one in close}
        wanted = parts.first or parts.room
        grid = None
        if household:
            grid = county.grids[top.row]
        elif clear and in_place and len(grids) == 1 and (top.number or not wanted or self._one_grid(top)):
            grid = grids.pop()
        ask = None if household else self._ask(close, parts, said, top)
        return self._location(household, grid, min(1.0, top.score), found, ask, said, heard)

    def _confirmed(self, top: _Found, holder: str, own: set[int]) -> bool:
        named = len(holder) >= 3 and self._holder_score(top.row, holder, "") >= 0.15
        return top.row in own or named

    def _one_grid(self, top: _Found) -> bool:
        name = self._name_of(top.row)
        return len(self._county.names[name].grids) == 1 if name else False

    def _name_of(self, row: int) -> str:
        return self._county.place_of(row)

    def _ask(self, close: list[_Found], parts: Parts, said: str | None, top: _Found) -> str | None:
        county = self._county
        if said is None and len({county.communities_of[one.row] for one in close}) > 1:
            return "community"
        if len({self._name_of(one.row) for one in close}) > 1:
            return "street"
        own = county.parts[top.row]
        if own.building:
            if not (parts.building or parts.number) or not top.number:
                return "building"
            if own.unit and not parts.unit:
                return "unit"
            if own.room and not parts.room:
                return "room"
            return "householder"
        return "householder" if top.number else "number"

    def _without_name(
        self, said: str | None, holder: str, own: set[int], grid_hint: str | None, heard: str, text: str
    ) -> Location:
        """No street or compound was heard: the community alone, a householder, the caller's own contact."""
        county = self._county
        rows = self._named(holder) if len(holder) >= 3 else []
        if said:
            rows = [row for row in rows if county.communities_of[row] == said]
        mine = [row for row in rows if row in own]
        rows = mine or rows
        found = [_Found(row, 0.9 if said or mine else 0.6, 1.0, False) for row in rows[:50]]
        if len(rows) == 1 and (said or mine):
            return self._certain(county.numbers[rows[0]], 0.9, heard)
        if not said and not holder and own:
            found = [_Found(row, 0.7, 1.0, False) for row in sorted(own)]
            grids = {county.grids[row] for row in own}
            one = county.numbers[found[0].row] if len(own) == 1 else None
            communities = {county.communities_of[row] for row in own}
            ask = None if one else "community" if len(communities) > 1 else "street"
            grid = grids.pop() if len(grids) == 1 else None
            return self._location(one, grid, 0.7, found, ask, None, heard, understood=False)
        if said:
            grids = county.grids_in[said]
            if not found:
                rows = [row for row, one in enumerate(county.communities_of) if one == said][:3]
                found = [_Found(row, 0.3, 0.3, False) for row in rows]
            grid = next(iter(grids)) if len(grids) == 1 else None
            return self._location(None, grid, 0.5, found, "street", said, heard)
        grid = grid_hint if grid_hint and not holder else None
        return replace(
            self._location(None, grid, 0.2 if grid else 0.0, found, "community" if holder else None, None, heard),
            understood=False,
        )

    def _named(self, holder: str) -> list[int]:
        """Households whose householder has this name to the ear: 王平国 may be 汪平国 where nothing else was heard."""
        by_holder = self._county.by_holder
        first = fold(holder[:1])
        surnames = {one for one in self._county.surnames if fold(one) == first}
        alike = (name for name in by_holder if name[:1] in surnames and sounds_like(name, holder))
        return [row for name in alike for row in by_holder[name]]

    # -- building the answer ----------------------------------------------------------------------
    def _certain(self, number: str, score: float, heard: str) -> Location:
        row = self._county.row_of[number]
        found = [_Found(row, score, 1.0, True)]
        return self._location(
            number, self._county.grids[row], score, found, None, self._county.communities_of[row], heard
        )

    def _location(
        self,
        household: str | None,
        grid: str | None,
        score: float,
        found: list[_Found],
        ask: str | None,
        said: str | None,
        heard: str,
        understood: bool = True,
    ) -> Location:
        return Location(
            household_no=household,
            grid_no=grid,
            manager=self._county.manager_no(grid),
            score=score,
            candidates=tuple(self._candidate(one) for one in self._shown(found)),
            ask=ask,
            community=said,
            heard_place=heard,
            understood=understood,
        )

    def _shown(self, found: list[_Found]) -> list[_Found]:
        """The best household, then the best one of the next places, then the others: households of one place that are not
        told apart say nothing about where else it may be. A place that lies in two grids is two."""
        places: dict[tuple[str, str], _Found] = {}
        for one in found:
            places.setdefault((self._name_of(one.row), self._county.grids[one.row]), one)
            if len(places) == _PLACES:
                break
        leading = list(places.values())
        return [*leading, *(one for one in found[:_SHOWN] if one not in leading)][:_SHOWN]

    def _candidate(self, one: _Found) -> Candidate:
        county, row = self._county, one.row
        label = county.communities_of[row] + county.compounds[row] + county.addresses[row]
        return Candidate(county.numbers[row], county.grids[row], label, min(1.0, max(0.0, one.score)))


def _clean(text: str) -> str:
    return re.sub(r"\s+", "", normalise_numbers(text[:READ], wary=True))


def _joined(earlier: str, text: str) -> str:
    if not earlier or earlier in text:
        return text
    return text if text in earlier and len(text) > 1 else earlier + "," + text


def _core(name: str, suffixes: Sequence[str]) -> str:
    """The name without its kind: 桃溪社区 → 桃溪; "" when less than two characters are left."""
    for suffix in suffixes:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name[: -len(suffix)]
    return ""


def _holder(text: str, given: str | None) -> tuple[str, str]:
    """(whole name, bare surname) of the householder as spoken; "" where not said."""
    if given:
        return (given, "") if len(given) > 1 else ("", given)
    words = place_words()
    if match := re.search(words.household_holder, text):
        return match.group("name"), ""
    if match := re.search(words.surname_cue, text):
        return "", match.group("surname")
    return "", ""


def _heard(text: str, names: list[_Match], parts: Parts, said: str | None) -> str:
    """The stretch of the sentence that names the place."""
    if not names:
        if said:
            core = said if said in text else ""
            return core or said if fold(said) in fold(text) or said in text else ""
        return ""
    start, end = names[0].start, names[0].end
    behind = re.match(place_words().numbers_behind, text[end:])
    if behind:
        end += behind.end()
    if said and (position := text.find(said)) >= 0 and position < start:
        start = position
    return text[start:end].strip(_EDGES)
