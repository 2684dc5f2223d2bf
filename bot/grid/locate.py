"""Finding the household and the grid in what was said, and knowing when they are not certain.

A posterior over households (bot/grid/places), and what follows from it: what is certain, what to ask, what to read back.
A wrong manager is worse than a question (docs/promises.md, 3 and 5)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.grid.contacts import ContactKey
from bot.grid.county import County
from bot.grid.location import Candidate, Location
from bot.grid.places import holders
from bot.grid.places.as_said import as_said, community_said, well_heard
from bot.grid.places.ask import ASKED, Spot, spots, what_to_ask
from bot.grid.places.belief import DIALLED, LATER, Belief, Evidence, believe, nothing
from bot.grid.places.compared import Sentence
from bot.grid.places.decode import Decoder
from bot.grid.places.holders import CLEAR
from bot.grid.places.sentence import Reading, readings, shortened
from bot.grid.places.tree import Places
from bot.grid.places.words import core, grammar
from bot.grid.said_names import said_names
from bot.sound.alignment import where
from bot.sound.channel import Channel
from bot.sound.heard import Heard
from bot.sound.numbers import in_digits, plain
from bot.sound.site import channel

#: what a wrong manager and a wrong house of the right manager cost beside one more question (docs/decisions/0033)
_WRONG_GRID, _WRONG_HOUSE = 100.0, 20.0
#: certain enough to act on unasked
CERTAIN_GRID, CERTAIN_HOUSE = 1 - 1 / _WRONG_GRID, 1 - 1 / _WRONG_HOUSE
#: readings of a recogniser that are looked at
_READINGS = 4
#: characters of all readings together
_CHARACTERS = 150
#: how well the name of a place must be heard when the registry does not have the house
_PLAIN = 0.8
#: characters of the shortest place that is one
_SHORTEST = 2
#: what each character must tell for two communities to be one (nats)
_SOUNDS_LIKE = 1.0
#: candidates that are told, and different places among the first of them
_SHOWN, _PLACES = 5, 3


@dataclass(frozen=True)
class _Asked:
    """One look-up: with what it is decoded, what was said, households of the caller, the dialled grid where it counts."""

    decoder: Decoder
    sounds: Channel
    spoken: Sequence[tuple[Reading, float]]
    own: Sequence[int]
    dialled: str | None

    @property
    def places(self) -> Places:
        return self.decoder.places


class Locator:
    """Look-ups over one county; built once, read by many threads."""

    def __init__(self, county: County, linked: Callable[[ContactKey | None], list[tuple[str, bool]]]) -> None:
        self._county, self._linked = county, linked
        self._grid_names = sorted(set(county.grids))
        number = {name: at for at, name in enumerate(self._grid_names)}
        self._grid_of: NDArray[np.int32] = np.array([number[name] for name in county.grids], np.int32)
        self._holders = holders.Holders(county)
        names = said_names()
        self._made = names, self._decoder_of(names)  # made now, so that no caller waits for it

    def _decoder(self) -> Decoder:
        """The decoder with the names that people use here beside the registry's; another one when these change."""
        names = said_names()
        made_of, decoder = self._made
        if names != made_of:
            decoder = self._decoder_of(names)
            self._made = names, decoder
        return decoder

    def _decoder_of(self, names: Mapping[str, str]) -> Decoder:
        return Decoder(Places(self._county.communities_of, self._county.where, names))

    def locate(
        self,
        text: str,
        *,
        alternatives: Sequence[str],
        caller: ContactKey | None,
        grid_hint: str | None,
        community: str | None,
        householder: str | None,
        earlier: str | Sequence[str],
        as_said: bool = False,
    ) -> Location:
        turns = [earlier] if isinstance(earlier, str) else list(earlier)
        turns = [turn for turn in turns if turn.strip()]
        if as_said:
            text, alternatives = _nobodys(text), [_nobodys(one) for one in alternatives]
            turns = [_nobodys(turn) for turn in turns]
        elif number := self._account(shortened(text)):
            return self._account_said(number)
        spoken: list[tuple[Reading, float]] = []
        heard = list(dict.fromkeys(one for one in (text, *alternatives) if one.strip()))[:_READINGS] or (
            [""] if turns else []
        )
        looked_at = 0
        for place, one in enumerate(heard):
            looked_at += len(shortened(one))
            if place and looked_at > _CHARACTERS:
                break
            spoken += [(reading, LATER**place) for reading in readings([*turns, one])]
        named = "" if as_said else householder or holders.spoken(" ".join([*turns, text]))
        asked = _Asked(self._decoder(), channel(), spoken, self._own_rows(caller), None if named else grid_hint)
        evidence = self._evidence(asked, grid_hint, community)
        belief = self._belief(asked, evidence)
        if any(reading.landmark for reading, _ in spoken) and belief.named >= 0.5:
            spoken = [(self._without_landmark(asked, reading, belief), weight) for reading, weight in spoken]
            asked = replace(asked, spoken=spoken)
            belief = self._belief(asked, evidence)
        denied = False
        if named:
            where_named = community or self._said_community(asked, belief) or self._community_of(asked)
            belief, denied = self._holders.weigh(belief, named, where_named, asked.places, asked.sounds)
        return self._location(asked, belief, denied)

    def account_in(self, said: str) -> str | None:
        """The 户号 that a sentence holds, when there is such a household."""
        return self._account(shortened(said))

    def _account(self, text: str) -> str | None:
        text = in_digits(text)
        for run in re.findall(r"[0-9A-Za-z-]{4,}", text):
            if run in self._county.row_of:
                return str(run)
        return None

    def _account_said(self, number: str) -> Location:
        row = self._county.row_of[number]
        candidate = self._candidate(row, 1.0)
        grid = self._county.grids[row]
        return Location(
            number,
            grid,
            self._county.manager_no(grid),
            1.0,
            (candidate,),
            None,
            self._county.communities_of[row],
            number,
            True,
        )

    # -- believing --------------------------------------------------------------------------------
    def _own_rows(self, caller: ContactKey | None) -> list[int]:
        if caller is None:
            return []
        rows = self._county.row_of
        return [rows[number] for number, _ in self._linked(caller) if number in rows]

    def _evidence(self, asked: _Asked, grid_hint: str | None, community: str | None) -> Evidence:
        inside = None
        if community:
            inside = np.zeros(self._county.size, bool)
            if community in asked.places.communities:
                inside[asked.places.rows_in[asked.places.communities.index(community)]] = True
        grid = self._grid_of == self._grid_names.index(grid_hint) if grid_hint in self._grid_names else None
        return Evidence(own=asked.own, grid=grid, community=inside)

    def _belief(self, asked: _Asked, evidence: Evidence) -> Belief:
        if not asked.spoken or not self._county.size:
            return nothing()
        return believe(asked.decoder, asked.spoken, asked.sounds, self._county.size, evidence)

    def _community_of(self, asked: _Asked) -> str | None:
        """The community that was named where no street was."""
        if not asked.spoken:
            return None
        named = asked.decoder.communities(Sentence(Heard(asked.spoken[0][0].text), asked.sounds))
        return asked.places.communities[named[0][0]] if named else None

    def _said_community(self, asked: _Asked, belief: Belief) -> str | None:
        """The community that the belief lies in, when it lies in one."""
        mass: dict[int, float] = defaultdict(float, belief.communities)
        places = asked.places
        for at in dict.fromkeys(belief.places.tolist()):
            weight = float(belief.weights[belief.places == at].sum()) + belief.unknown.get(at, 0.0)
            mass[places.places[at].community] += weight
        if not mass or belief.named < 0.5:
            return None
        best = max(mass, key=lambda one: mass[one])
        return places.communities[best] if mass[best] >= 0.9 * sum(mass.values()) else None

    # -- deciding ---------------------------------------------------------------------------------
    def _location(self, asked: _Asked, belief: Belief, denied: bool) -> Location:
        if belief.named < 0.5:
            return self._unnamed(asked, belief)
        places, sounds, spoken = asked.places, asked.sounds, asked.spoken
        found = spots(belief, places)
        alone = sum(belief.communities.values()) > belief.named / 2
        reading = self._reading(asked, places.places[found[0].place].name)
        beside = any(one.beside for one, _ in spoken)
        either = any(one.either for one, _ in spoken)
        whole = any(one.whole for one, _ in spoken)
        grids = self._grids(places, belief, beside)
        best = found[0]
        household = None
        if (
            best.weight >= CERTAIN_HOUSE
            and grids[self._grid_of[best.row]] >= CERTAIN_GRID
            and not (denied or beside or either)
        ):
            household = self._county.numbers[best.row]
        grid_at = int(grids.argmax())
        clear = alone or (
            belief.heard.get(best.place, 0.0) >= self._clear(belief, best)
            and not self._elsewhere(reading.text, best, sounds)
        )
        household = household if clear else None
        grid = self._grid_names[grid_at] if grids[grid_at] >= CERTAIN_GRID and clear else None
        ask = None if household else what_to_ask(belief, places) if clear else "street"
        if ask and ask != "community" and grid and whole:
            ask = None  # a whole street needs no door
        said_community = self._said_community(asked, belief)
        if beside and ask == "householder" and best.path:
            ask = ASKED[places.parts[best.path[-1]].kind]  # nobody knows what the neighbour is called
        if alone and said_community:
            heard = community_said(reading.said, places.communities.index(said_community), places, sounds)
        else:
            heard = as_said(reading.said, best.place, best.path, places, sounds, whole)
        if reading.landmark not in heard:
            heard += reading.landmark
        if household is None and grid is None and len(heard) < _SHORTEST:
            return self._unnamed(asked, belief)  # 一 in 一个人 is a number of nothing
        return Location(
            household_no=household,
            grid_no=grid,
            manager=self._county.manager_no(grid),
            score=best.weight if household or not grid else float(grids[grid_at]),
            candidates=() if alone else tuple(self._candidate(one.row, one.weight) for one in self._shown(found)),
            ask=ask,
            community=said_community,
            heard_place=heard,
            understood=True,
            grids={self._grid_names[at]: float(grids[at]) for at in np.flatnonzero(grids > 1e-6)},
        )

    def _without_landmark(self, asked: _Asked, reading: Reading, belief: Belief) -> Reading:
        """What somebody lives behind is no place of ours when it only sounds a little like one; 后头 names none."""
        if not reading.landmark:
            return reading
        places = asked.places
        place = places.places[spots(belief, places, 1)[0].place]
        ways = [way for way, _ in places.names_of(place)] + places.ways_of_community(place.community)
        if well_heard(reading.landmark, ways, asked.sounds):
            return replace(reading, text=grammar().landmark.sub(r"\g<thing>", reading.text), landmark="")
        return replace(reading, text=reading.text.replace(reading.landmark, ","))

    def _reading(self, asked: _Asked, name: str) -> Reading:
        """The first reading that the place's name stands in."""
        if len(asked.spoken) > 1 and name:
            for one, _ in asked.spoken:
                if where(Heard(one.text), name, asked.sounds).gain >= _SOUNDS_LIKE * len(name):
                    return one
        return asked.spoken[0][0]

    def _clear(self, belief: Belief, best: Spot) -> float:
        """How well a name must have been heard to be acted on: better when no house of the place fits what was said."""
        unknown = max(belief.unknown.values(), default=0.0)
        return CLEAR if unknown < best.weight else _PLAIN

    def _elsewhere(self, text: str, best: Spot, sounds: Channel) -> bool:
        """Whether a community was named that does not sound like the household's."""
        said = grammar().community.search(text)
        if said is None:
            return False
        name = plain(self._county.communities_of[best.row])
        own = core(name, grammar().file.community_suffixes) or name[:2]
        return where(Heard(said["name"]), own, sounds).gain < _SOUNDS_LIKE * len(own)

    def _grids(self, places: Places, belief: Belief, beside: bool) -> NDArray[np.float64]:
        """(grids,) the posterior; a house that the registry does not have lies in the grids of its street."""
        mass = np.zeros(len(self._grid_names))
        if not beside:
            np.add.at(mass, self._grid_of[belief.rows], belief.weights)
        for at in dict.fromkeys(belief.places.tolist()):
            spread = belief.unknown.get(at, 0.0)
            if beside:
                spread += float(belief.weights[belief.places == at].sum())
            rows = places.places[at].rows
            np.add.at(mass, self._grid_of[rows], spread / len(rows))
        for at, spread in belief.communities.items():
            rows = places.rows_in[at]
            np.add.at(mass, self._grid_of[rows], spread / len(rows))
        return mass

    def _unnamed(self, asked: _Asked, belief: Belief) -> Location:
        """No place of the county was named: the caller's own or the dialled grid, unless a place outside was."""
        spoken, own, dialled = asked.spoken, asked.own, asked.dialled
        landmark = spoken[0][0].landmark if spoken else ""
        if dialled in self._grid_names and not own and belief.outside < 0.5:
            return Location(None, dialled, self._county.manager_no(dialled), DIALLED, heard_place=landmark)
        outside = next((one.outside for one, _ in spoken if one.outside), "") if belief.outside >= 0.5 else ""
        if outside or not own:
            shown = tuple(self._candidate(one.row, one.weight) for one in self._shown(spots(belief, asked.places)))
            return Location(
                None, None, None, belief.named, () if outside else shown, None, heard_place=landmark, outside=outside
            )
        grids = {self._county.grids[row] for row in own}
        grid = grids.pop() if len(grids) == 1 else None
        communities = {self._county.communities_of[row] for row in own}
        return Location(
            household_no=self._county.numbers[own[0]] if len(own) == 1 else None,
            grid_no=grid,
            manager=self._county.manager_no(grid),
            score=1 / len(own),
            candidates=tuple(self._candidate(row, 1 / len(own)) for row in own[:_SHOWN]),
            ask=None if len(own) == 1 else "community" if len(communities) > 1 else "street",
        )

    # -- telling ----------------------------------------------------------------------------------
    def _shown(self, found: list[Spot]) -> list[Spot]:
        """The best household, then the best one of the next places, then the others: households of one place that are not
        told apart say nothing about where else it may be. A place that lies in two grids is two."""
        places: dict[tuple[int, str], Spot] = {}
        for one in found:
            places.setdefault((one.place, self._county.grids[one.row]), one)
            if len(places) == _PLACES:
                break
        leading = list(places.values())
        return [*leading, *(one for one in found[:_SHOWN] if one not in leading)][:_SHOWN]

    def _candidate(self, row: int, weight: float) -> Candidate:
        county = self._county
        label = county.communities_of[row] + county.compounds[row] + county.addresses[row]
        return Candidate(county.numbers[row], county.grids[row], label, min(1.0, max(0.0, weight)))


def _nobodys(text: str) -> str:
    """A sentence without the 户号 and the householder's name in it: what a caller may be told goes by the place alone."""
    words = grammar()
    return words.holder.sub(",", words.account.sub("", plain(text)))
