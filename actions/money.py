"""Money: what a household owes (only to its own people) and what electricity costs."""

from __future__ import annotations

import re
from decimal import Decimal
from zoneinfo import ZoneInfo

from actions import report
from actions.matters import LOGGED, OVER, Matter
from actions.places import PUNCTUATION
from actions.turn import Turn
from actions.understood import Act
from bot.database import now
from bot.sound import numbers
from bot.sound.answers import names
from bot.tickets.proofs import Proof

_DIGITS = re.compile(r"\d{4,40}")
#: below this "一度电" asks for the price of a kWh, not for the cost of a use
LEAST_KWH = 10
_KWH = re.compile(r"(\d{1,6})\s*(?:多)?(?:度|千瓦时)")
_MONTH = re.compile(r"月")
_YEAR = re.compile(r"年")


def arrears(turn: Turn) -> bool:
    """Decides whether the caller may hear about money, may prove it, or is told how it goes on."""
    matter = turn.matter
    if matter is not None and turn.flow(matter).group != "money":
        # in the middle of another report: answered shortly, the report goes on
        matter.hear(turn.text)
        turn.say("utter_arrears_in_between")
        return True
    if turn.verified:
        tell_arrears(turn)
        return True
    if own := [] if _elsewhere(turn) else provable(turn):
        if not turn.site.desk.proofs.open(turn.caller, own):
            by_registered_phone(turn, "utter_arrears_private")
            return True
        if matter is None or matter.flow != "arrears":
            matter = Matter("arrears", act=turn.meant.whole.name, utterance_id=turn.utterance_id)
            turn.matters.append(matter)
        matter.hear(turn.text)
        if turn.memory.proof_tries is None:
            turn.memory.proof_tries = 0
        return True
    if matter is None or matter.flow != "arrears":
        matter = report.begin(turn, "arrears", turn.meant.whole.name)
        turn.say("utter_arrears_private")
    matter.answers["proof"] = "none"
    return True


def _elsewhere(turn: Turn) -> bool:
    """Whether somebody else's house is asked about: by its people (我嫂子屋里), or by a place that is not the caller's."""
    if turn.site.words.says("for_others", turn.text):
        return True
    own = {card.grid_no for card, _ in turn.own_households()}
    found = turn.locate(turn.text)
    return found.understood and found.grid_no is not None and found.grid_no not in own


def provable(turn: Turn) -> list[str]:
    """The caller's own households, as far as their contact was imported or confirmed by staff."""
    return [card.household_no for card, verifies in turn.own_households() if verifies] if turn.may_prove else []


def by_registered_phone(turn: Turn, response: str) -> None:
    """The manager rings the number that is registered; asked twice it is one ticket."""
    logged = next((one for one in turn.site.desk.open_of(turn.reporter) if one.kind == "arrears"), None)
    matter = turn.matter
    if matter is None or matter.flow != "arrears":
        matter = Matter("arrears", said=[turn.text], utterance_id=turn.utterance_id)
        turn.matters.append(matter)
    if logged is not None:
        matter.ticket_no, matter.state = turn.add(logged.ticket_no).ticket_no, LOGGED
    else:
        grids = {card.grid_no for card, _ in turn.own_households()}
        turn.open_ticket(matter, household_no=None, grid_no=grids.pop() if len(grids) == 1 else None)
    turn.say(response)


def one_answer(turn: Turn) -> str:
    """The one name or the one number that is all there is in a sentence; "" for anything else.

    Many guesses in one breath are no answer, and the recogniser's other readings are no second one."""
    words, said = turn.site.words, re.sub(rf"[\s{PUNCTUATION}]", "", turn.text)
    led = re.sub(words.proof_lead, "", said)
    name = names.split(names.bare(led))
    if name and name.given:
        return name.whole
    number = numbers.in_digits(led).replace(" ", "")
    return number if _DIGITS.fullmatch(number) else ""


def answer_proof(turn: Turn, matter: Matter) -> bool:
    """Compares a spoken name or the last digits of the 户号 with the caller's own households; False for no answer."""
    answer = one_answer(turn)
    if not answer:
        return False
    registry = turn.site.registry

    def fits(household_no: str) -> bool:
        return household_no.endswith(answer) or registry.is_householder(household_no, answer)

    found, proved = turn.site.desk.proofs.take(turn.caller, provable(turn), fits)
    if found is Proof.proven:
        turn.memory.verified = list(proved)
    if found is Proof.wrong:
        turn.memory.proof_tries = (turn.memory.proof_tries or 0) + 1
        return True
    matter.answers["proof"] = str(found)
    if turn.verified:
        matter.state = OVER
        tell_arrears(turn)
    else:
        by_registered_phone(turn, "utter_proof_failed")
    return True


def tell_arrears(turn: Turn) -> None:
    """Amount, months and what restores supply, to the proven."""
    today = now().astimezone(ZoneInfo(turn.site.settings.site.timezone)).date()
    for household_no in turn.verified:
        card = turn.site.registry.household(household_no)
        if card is None:
            continue
        date = numbers.date(today)
        if card.balance < 0:
            turn.say(
                "utter_arrears_owed",
                date=date,
                months=numbers.spoken(card.months_owed),
                amount=numbers.money(-card.balance),
            )
            turn.say("utter_arrears_restore")
        else:
            turn.say("utter_arrears_clear", date=date, amount=numbers.money(card.balance))
    turn.say("utter_ask_arrears/how_to_pay")


def price(turn: Turn, act: Act) -> bool:
    """Explains the tiers, computes a use that the resident names, and the proven household's own position."""
    tariff = turn.site.tariff
    text = numbers.in_digits(act.text)
    named = _KWH.search(text)
    if turn.can_say(f"utter_{act.name}"):
        turn.say(f"utter_{act.name}")
    elif named and LEAST_KWH <= int(named.group(1)) <= 200_000:
        kwh = int(named.group(1))
        if _MONTH.search(text) and not _YEAR.search(text):
            turn.say(
                "utter_price_example_month",
                month_kwh=numbers.spoken(kwh),
                kwh=numbers.spoken(kwh * 12),
                amount=numbers.money(tariff.cost(kwh * 12)),
            )
        else:
            turn.say("utter_price_example", kwh=numbers.spoken(kwh), amount=numbers.money(tariff.cost(kwh)))
    else:
        first, second, third = tariff.tiers[0], tariff.tiers[1], tariff.tiers[-1]
        turn.say(
            "utter_price_table",
            first_kwh=numbers.spoken(first.up_to or 0),
            second_kwh=numbers.spoken(second.up_to or 0),
            first_price=_price(first.price),
            second_price=_price(second.price),
            third_price=_price(third.price),
        )
    for household_no in turn.verified:
        card = turn.site.registry.household(household_no)
        if card is None or "shop" in card.tags:
            continue
        tier, left = tariff.position(card.ytd_kwh)
        used = numbers.spoken(card.ytd_kwh)
        if left is None:
            turn.say("utter_price_position_top", kwh=used)
        else:
            turn.say("utter_price_position", kwh=used, tier=numbers.spoken(tier), left=numbers.spoken(left))
    return True


def _price(price: Decimal) -> str:
    """0.558 → 五角五分八, as a price tag is read."""
    return numbers.money(price)
