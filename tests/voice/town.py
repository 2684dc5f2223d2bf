"""Who lives in the town that callers of the tests call: nobody of it stands in a database."""

from __future__ import annotations

from dataclasses import dataclass

from bot.foundation.phone_numbers import phone_digits

MANAGER, ASSISTANT, DUTY, STATION = "13900000001", "13900000002", "13900000006", "07153390000"


@dataclass(frozen=True)
class Somebody:
    phone: str


class Town:
    """Grid 24 with its number on the board, a manager, an assistant; one at the duty desk."""

    def staff(self, grid_no: str, role: str, /) -> list[Somebody]:
        people = {("24", "manager"): "139 0000 0001", ("24", "assistant"): "+86 13900000002", ("7", "manager"): "1380"}
        return [Somebody(people[grid_no, role])] if (grid_no, role) in people else []

    def duty(self) -> list[Somebody]:
        return [Somebody(DUTY)]

    def person(self, staff_no: str, /) -> Somebody | None:
        return {"M1": Somebody("139 0000 0001")}.get(staff_no)

    area_code = "0715"

    def grid_of_number(self, number: str, /) -> str | None:
        return {"07153391024": "24", MANAGER: "24", "grid_7": "7"}.get(phone_digits(number))
