"""Money: what a household owes (only to its own people) and what electricity costs."""

from __future__ import annotations

import re
from decimal import Decimal
from zoneinfo import ZoneInfo

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.act import Act
from actions.report import ANSWERING, begin_case
from actions.turn import Turn
from bot.database import now
from bot.grid.numerals import normalise_numbers, speak_date, speak_money, speak_number

#: failed tries after which Gege stops asking
PROOF_TRIES = 3
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
        if turn.slot("verified"):
            return [*turn.events, FollowupAction("action_arrears_answer")]
        if (turn.slot("proof_tries") or 0) >= PROOF_TRIES:
            turn.say("utter_arrears_private")
            return turn.events
        if any(verifies for _, verifies in turn.own_households()):
            turn.set("said", turn.text)
            turn.set("utterance_id", turn.utterance_id)
            if turn.slot("proof_tries") is None:
                turn.set("proof_tries", 0)
            return [*turn.events, FollowupAction("proof_form")]
        begin_case(turn, "arrears")
        turn.say("utter_arrears_private")
        turn.say("utter_arrears_how_to_pay")
        return [*turn.events, FollowupAction("report_form")]


class ValidateProofForm(Act):
    """Compares a spoken name or the last four digits with the caller's own households."""

    called = "validate_proof_form"

    def on(self, turn: Turn) -> list[EventType]:
        if turn.slot("requested_slot") != "proof" or turn.form != "proof_form":
            turn.set("proof", None)
            turn.asks("proof")
            return [*turn.events, SlotSet("requested_slot", "proof")]
        texts = [normalise_numbers(text) for text in (turn.text, *turn.alternatives)]
        digits = {run[-4:] for text in texts for run in re.findall(r"\d{4,}", text.replace(" ", ""))}
        registry = turn.site.registry
        own = [card for card, verifies in turn.own_households() if verifies]
        proved = [
            card.household_no
            for card in own
            if card.household_no[-4:] in digits or registry.householder_matches(card.household_no, turn.text)
        ]
        if proved:
            turn.set("verified", proved)
            turn.set("proof", "given")
            return [*turn.events, SlotSet("requested_slot", None)]
        if turn.intent not in ANSWERING:
            return []
        tries = (turn.slot("proof_tries") or 0) + 1
        turn.set("proof_tries", tries)
        if tries >= PROOF_TRIES:
            turn.set("proof", "failed")
            return [*turn.events, SlotSet("requested_slot", None)]
        turn.asks("proof")
        return [*turn.events, SlotSet("requested_slot", "proof")]


class ArrearsAnswer(Act):
    """Amount, months and what restores supply to the proven; to the others, the manager is told."""

    called = "action_arrears_answer"

    def on(self, turn: Turn) -> list[EventType]:
        proved = turn.slot("verified") or []
        if not proved:
            grids = {card.grid_no for card, _ in turn.own_households()}
            turn.open_ticket("arrears", household_no=None, grid_no=grids.pop() if len(grids) == 1 else None)
            turn.say("utter_proof_failed")
            turn.clear_case()
            return turn.events
        today = now().astimezone(ZoneInfo(turn.site.settings.site.timezone)).date()
        for household_no in proved:
            card = turn.site.registry.household(household_no)
            if card is None:
                continue
            date = speak_date(today)
            if card.balance < 0:
                turn.say(
                    "utter_arrears_owed",
                    date=date,
                    months=speak_number(card.months_owed),
                    amount=speak_money(-card.balance),
                )
                turn.say("utter_arrears_restore")
            else:
                turn.say("utter_arrears_clear", date=date, amount=speak_money(card.balance))
        turn.say("utter_arrears_how_to_pay")
        turn.clear_case()
        return turn.events


class Price(Act):
    """Explains the tiers, computes a use that the resident names, and the proven household's own position."""

    called = "action_price"

    def on(self, turn: Turn) -> list[EventType]:
        tariff = turn.site.tariff
        text = normalise_numbers(turn.text)
        topic = turn.site.words.topic("price", text, "")
        named = _KWH.search(text)
        if topic:
            turn.say("utter_price_" + topic)
        elif named and LEAST_KWH <= int(named.group(1)) <= 200_000:
            kwh = int(named.group(1))
            if _MONTH.search(text) and not _YEAR.search(text):
                turn.say(
                    "utter_price_example_month",
                    month_kwh=speak_number(kwh),
                    kwh=speak_number(kwh * 12),
                    amount=speak_money(tariff.cost(kwh * 12)),
                )
            else:
                turn.say("utter_price_example", kwh=speak_number(kwh), amount=speak_money(tariff.cost(kwh)))
        else:
            first, second, third = tariff.tiers[0], tariff.tiers[1], tariff.tiers[-1]
            turn.say(
                "utter_price_table",
                first_kwh=speak_number(first.up_to or 0),
                second_kwh=speak_number(second.up_to or 0),
                first_price=_price(first.price),
                second_price=_price(second.price),
                third_price=_price(third.price),
            )
        for household_no in turn.slot("verified") or []:
            card = turn.site.registry.household(household_no)
            if card is None or "shop" in card.tags:
                continue
            tier, left = tariff.position(card.ytd_kwh)
            used = speak_number(card.ytd_kwh)
            if left is None:
                turn.say("utter_price_position_top", kwh=used)
            else:
                turn.say("utter_price_position", kwh=used, tier=speak_number(tier), left=speak_number(left))
        turn.resume()
        return turn.events


def _price(price: Decimal) -> str:
    """0.558 → 五角五分八, as a price tag is read."""
    return speak_money(price)
