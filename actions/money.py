"""Money: what a household owes (only to its own people) and what electricity costs."""

from __future__ import annotations

import re
from decimal import Decimal
from zoneinfo import ZoneInfo

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.act import Act
from actions.report import ANSWERING, PUNCTUATION, begin_case
from actions.turn import Turn
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


class Arrears(Act):
    """Decides whether the caller may hear about money, may prove it, or is told how it goes on."""

    called = "action_arrears"

    def on(self, turn: Turn) -> list[EventType]:
        words = turn.site.words
        if turn.form == "report_form" and turn.slot("kind") not in ("arrears", "reconnect"):
            # in the middle of another report: answered shortly, the report goes on
            turn.say("utter_arrears_how_to_pay" if words.says("how_to_pay", turn.text) else "utter_arrears_private")
            turn.resume()
            return turn.events
        if words.says("reconnect", turn.text):
            begin_case(turn, "reconnect")
            turn.say("utter_reconnect_intro")
            return [*turn.events, FollowupAction("report_form")]
        if words.says("how_to_pay", turn.text):
            turn.say("utter_arrears_how_to_pay")
            return turn.events
        if turn.verified:
            return [*turn.events, FollowupAction("action_arrears_answer")]
        if own := provable(turn):
            if not turn.site.desk.proofs.open(turn.caller, own):
                by_registered_phone(turn, "utter_arrears_private")
                return turn.events
            turn.set("said", turn.text)
            turn.set("utterance_id", turn.utterance_id)
            if turn.slot("proof_tries") is None:
                turn.set("proof_tries", 0)
            return [*turn.events, FollowupAction("proof_form")]
        begin_case(turn, "arrears")
        turn.say("utter_arrears_private")
        turn.say("utter_arrears_how_to_pay")
        return [*turn.events, FollowupAction("report_form")]


def provable(turn: Turn) -> list[str]:
    """The caller's own households, as far as their contact was imported or confirmed by staff."""
    return [card.household_no for card, verifies in turn.own_households() if verifies] if turn.may_prove else []


def by_registered_phone(turn: Turn, response: str) -> None:
    """The manager rings the number that is registered; asked twice it is one ticket."""
    desk = turn.site.desk
    logged = next((one for one in desk.open_of(turn.reporter) if one.kind == "arrears"), None)
    if logged is not None:
        desk.add(logged.ticket_no, note=turn.text)
        turn.tell(ticket_no=logged.ticket_no)
    else:
        grids = {card.grid_no for card, _ in turn.own_households()}
        turn.open_ticket("arrears", household_no=None, grid_no=grids.pop() if len(grids) == 1 else None)
    turn.say(response)
    turn.clear_case()


def one_answer(turn: Turn) -> str:
    """The one name or the one number that is all there is in a sentence; "" for anything else.

    Many guesses in one breath are no answer, and the recogniser's other readings are no second one."""
    words, said = turn.site.words, re.sub(rf"[\s{PUNCTUATION}]", "", turn.text)
    led = re.sub(words.proof_lead, "", said)
    name = names.split(names.bare(led))
    if name and name.given and (turn.intent in ANSWERING or turn.entity("householder")):
        return name.whole
    number = numbers.in_digits(led).replace(" ", "")
    return number if _DIGITS.fullmatch(number) else ""


class ValidateProofForm(Act):
    """Compares a spoken name or the last digits of the 户号 with the caller's own households."""

    called = "validate_proof_form"

    def on(self, turn: Turn) -> list[EventType]:
        if turn.slot("requested_slot") != "proof" or turn.form != "proof_form":
            turn.set("proof", None)
            turn.asks("proof")
            return [*turn.events, SlotSet("requested_slot", "proof")]
        answer = one_answer(turn)
        if not answer:
            return []
        registry = turn.site.registry

        def fits(household_no: str) -> bool:
            return household_no.endswith(answer) or registry.is_householder(household_no, answer)

        found, proved = turn.site.desk.proofs.take(turn.caller, provable(turn), fits)
        if found is Proof.proven:
            turn.set("verified", proved)
        if found is not Proof.wrong:
            turn.set("proof", str(found))
            return [*turn.events, SlotSet("requested_slot", None)]
        turn.set("proof_tries", (turn.slot("proof_tries") or 0) + 1)
        turn.asks("proof")
        return [*turn.events, SlotSet("requested_slot", "proof")]


class ArrearsAnswer(Act):
    """Amount, months and what restores supply to the proven; to the others, the manager is told."""

    called = "action_arrears_answer"

    def on(self, turn: Turn) -> list[EventType]:
        proved = turn.verified
        if not proved:
            by_registered_phone(turn, "utter_proof_failed")
            return turn.events
        today = now().astimezone(ZoneInfo(turn.site.settings.site.timezone)).date()
        for household_no in proved:
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
        turn.say("utter_arrears_how_to_pay")
        turn.clear_case()
        return turn.events


class Price(Act):
    """Explains the tiers, computes a use that the resident names, and the proven household's own position."""

    called = "action_price"

    def on(self, turn: Turn) -> list[EventType]:
        tariff = turn.site.tariff
        text = numbers.in_digits(turn.text)
        topic = turn.site.words.topic("price", text, "")
        named = _KWH.search(text)
        if topic:
            turn.say("utter_price_" + topic)
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
        turn.resume()
        return turn.events


def _price(price: Decimal) -> str:
    """0.558 → 五角五分八, as a price tag is read."""
    return numbers.money(price)
