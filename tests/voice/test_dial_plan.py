"""The dial plan that ships with Gege: whatever fails, the caller comes to a person."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from bot.settings import PROJECT

PLAN = (PROJECT / "docs" / "asterisk" / "extensions.conf").read_text("utf-8")


def steps() -> dict[str, list[tuple[str, str]]]:
    """{context: [(label, application)]}; comments and globals left out."""
    found: dict[str, list[tuple[str, str]]] = {}
    context = ""
    for raw in PLAN.splitlines():
        line = re.sub(r"(?<!\\);.*", "", raw).strip()
        if head := re.fullmatch(r"\[([\w-]+)\]", line):
            context = head[1]
        elif step := re.fullmatch(r"(?:exten => [^,]+,|same => )(?:n|1)(?:\((\w+)\))?,(.*)", line):
            found.setdefault(context, []).append((step[1] or "", step[2]))
        else:
            assert not line or context == "globals", f"not understood: {raw}"
    return found


def test_every_line_is_a_dial_plan_and_every_goto_leads_somewhere() -> None:
    plan = steps()
    assert set(plan) == {"from-trunk", "gege", "gege-person", "gege-whisper", "gege-over"}
    for context, lines in plan.items():
        labels = {label for label, _ in lines}
        for _, application in lines:
            assert application.count("(") == application.count(")"), application
            jumps = application if application.startswith("Goto") else ""
            for target in re.findall(r"(?:\?|:|Goto\()(\w+)\)", jumps):
                assert target in labels, f"{context}: {application}"
            if jump := re.fullmatch(r"Goto\(([\w-]+),s,(\w+)\)", application):
                assert jump[2] == "1" or jump[2] in {label for label, _ in plan[jump[1]]}


def test_audiosocket_never_stands_alone() -> None:
    for lines in steps().values():
        for _, application in lines:
            if "AudioSocket" in application:
                assert re.search(r"TryExec\(AudioSocket\(|^Dial\(AudioSocket/.*,,g\)$", application), application


def test_a_human_number_is_set_before_anybody_is_asked() -> None:
    applications = [application for _, application in steps()["gege"]]
    human = applications.index("Set(NEXT=${GEGE_DEFAULT})")
    assert human < min(at for at, each in enumerate(applications) if each.startswith(("AGI", "Dial", "Answer")))


@dataclass
class Pbx:
    """Walks through [gege-person] as Asterisk would; `agi` says what FastAGI does, `dial` how ringing ends."""

    agi: dict[str, str] | None
    dial: list[str]
    variables: dict[str, str] = field(default_factory=lambda: {"NEXT": "07153390000", "GEGE_DEFAULT": "07153390000"})
    rung: list[str] = field(default_factory=list)

    def run(self) -> None:
        lines = steps()["gege-person"]
        at, limit = 0, 200
        while limit := limit - 1:
            application = self._filled(lines[at][1])
            name, _, rest = application.partition("(")
            at += 1
            if name == "Hangup":
                return
            if name == "Set":
                key, _, value = rest[:-1].partition("=")
                self.variables[key] = value
            elif name == "AGI":
                self.variables["AGISTATUS"] = "FAILURE" if self.agi is None else "SUCCESS"
                self.variables["NEXT"] = (
                    self.variables["NEXT"] if self.agi is None else self.agi[rest.partition("=")[2][:-1]]
                )
            elif name == "Dial":
                self.rung.append(re.match(r"PJSIP/(\d+)@", rest)[1])  # type: ignore[index]
                self.variables["DIALSTATUS"] = self.dial.pop(0)
            elif name == "GotoIf":
                condition, _, targets = rest[:-1].partition("?")
                yes, _, no = targets.partition(":")
                if target := yes if condition == "1" else no:
                    at = next(number for number, (label, _) in enumerate(lines) if label == target)
            elif name == "Goto":
                at = next(number for number, (label, _) in enumerate(lines) if label == rest[:-1])
        raise AssertionError("it goes round in circles")

    def _filled(self, text: str) -> str:
        while found := re.search(r"\$\{(\w+)\}", text):
            text = text.replace(found[0], self.variables.get(found[1], ""))
        text = re.sub(r'\$\["([^"]*)" = "([^"]*)"\]', lambda found: str(int(found[1] == found[2])), text)
        return re.sub(r"\$\{IF\((\d)\?(\w*):(\w*)\)\}", lambda found: found[2] if found[1] == "1" else found[3], text)


def test_with_gege_down_the_default_number_rings() -> None:
    pbx = Pbx(None, ["ANSWER", "ANSWER", "ANSWER"])
    pbx.run()
    assert pbx.rung == ["07153390000"], "who has talked to a person is not rung through again"


def test_with_gege_gone_in_the_middle_its_number_rings_then_the_default_and_then_it_ends() -> None:
    pbx = Pbx(None, ["NOANSWER", "NOANSWER", "NOANSWER"])
    pbx.variables["NEXT"] = "13900000001"
    pbx.run()
    assert pbx.rung == ["13900000001", "07153390000"]


@pytest.mark.parametrize("answers", [["ANSWER"], ["NOANSWER", "ANSWER"], ["BUSY", "NOANSWER"]])
def test_gege_says_who_is_rung_and_when_it_is_over(answers: list[str]) -> None:
    following = {"": "139", "NOANSWER": "07153390000" if answers[-1] == "ANSWER" else "", "BUSY": "137", "ANSWER": ""}
    pbx = Pbx(following, list(answers))
    pbx.run()
    assert len(pbx.rung) == len(answers) and pbx.rung[0] == "139"
