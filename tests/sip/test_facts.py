"""Who calls whom, as networks of several kinds write it."""

from __future__ import annotations

import pytest

from bot.lines.sip.facts import facts_of
from bot.lines.sip.message import Message

ACCOUNT, GRID, MOBILE = "07150000011", "07150000016", "13900000001"


def invite(line: str, to: str, **headers: str) -> Message:
    given = [("from", "<sip:13971800123@them>;tag=a"), ("to", to)]
    given += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Message(method="INVITE", uri=line, headers=given)


@pytest.mark.parametrize(
    ("line", "to", "more", "dialled", "diverting"),
    [
        # By address: the request line is the number.
        (f"sip:{GRID}@gege", f"<sip:{GRID}@gege>", {}, GRID, ""),
        (f"sip:{GRID}@gege", f"<tel:{MOBILE}>", {"diversion": f"<tel:{MOBILE}>;reason=no-answer"}, GRID, MOBILE),
        # A registered contact: the request line is the account, To the number that was dialled.
        (f"sip:{ACCOUNT}@gege:5090", f"<sip:{GRID}@them>", {}, GRID, ""),
        (f"sip:{ACCOUNT}@gege:5090", "<sip:+867150000016@them;user=phone>", {}, "+867150000016", ""),
        # To is rewritten as well: the network keeps the number in P-Called-Party-ID.
        (f"sip:{ACCOUNT}@gege:5090", f"<sip:{ACCOUNT}@gege>", {"p_called_party_id": f"<tel:{GRID}>"}, GRID, ""),
        ("sip:gege@gege:5090", "<sip:gege@gege>", {"p_called_party_id": f"<sip:{GRID}@them>"}, GRID, ""),
        # Only History-Info has it: who was called before our contact.
        (f"sip:{ACCOUNT}@gege:5090", f"<sip:{ACCOUNT}@gege>",
         {"history_info": f"<sip:{GRID}@them>;index=1, <sip:{ACCOUNT}@gege>;index=1.1"}, GRID, GRID),
        (f"sip:{ACCOUNT}@gege:5090", f"<sip:{ACCOUNT}@gege>",
         {"history_info": f"<sip:{MOBILE}@them>;index=1, <sip:{ACCOUNT}@gege;cause=408>;index=1.1"}, ACCOUNT, MOBILE),
        # The account's own number was dialled.
        (f"sip:{ACCOUNT}@gege:5090", f"<sip:{ACCOUNT}@them>", {}, ACCOUNT, ""),
        ("sip:+867150000011@gege:5090", "<sip:07150000011@them>", {}, "+867150000011", ""),
        # A mobile that diverts to us: To is the mobile, and that is no number of ours.
        (f"sip:{ACCOUNT}@gege:5090", f"<sip:{MOBILE}@them>", {"diversion": f"<sip:{MOBILE}@them>"}, ACCOUNT, MOBILE),
        # Nothing of it is a number.
        ("sip:gege@gege", "<sip:gege@gege>", {}, "", ""),
    ],
)  # fmt: skip
def test_the_number_that_was_dialled_is_found(
    line: str, to: str, more: dict[str, str], dialled: str, diverting: str
) -> None:
    facts = facts_of(invite(line, to, **more), ACCOUNT)
    assert (facts.dialled, facts.diverting, facts.caller) == (dialled, diverting, "13971800123")
