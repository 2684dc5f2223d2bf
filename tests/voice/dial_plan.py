"""Walks through deploy/asterisk/extensions.conf as Asterisk would, as far as that plan needs: no Asterisk, no sound.

What it cannot evaluate it refuses, so that a plan which grows is noticed. Time limits are fired by whoever plays Gege."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.settings import PROJECT

PLAN = (PROJECT / "deploy" / "asterisk" / "extensions.conf").read_text("utf-8")
STATION = "07153390000"


@dataclass(frozen=True)
class Step:
    label: str
    application: str


def read(text: str = PLAN) -> tuple[dict[str, str], dict[str, dict[str, list[Step]]]]:
    """The globals, and the steps of each extension of each context; ValueError for a line that is no dial plan."""
    globals_: dict[str, str] = {}
    found: dict[str, dict[str, list[Step]]] = {}
    context = extension = ""
    for raw in text.splitlines():
        line = re.sub(r"(?<!\\);.*", "", raw).strip()
        if head := re.fullmatch(r"\[([\w-]+)\]", line):
            context = head[1]
        elif context == "globals" and (value := re.fullmatch(r"(\w+)=(\S*)", line)):
            globals_[value[1]] = value[2]
        elif step := re.fullmatch(r"(?:exten => ([^,]+),1|same => n)(?:\((\w+)\))?,(\w+\(.*\))", line):
            extension = step[1] or extension
            found.setdefault(context, {}).setdefault(extension, []).append(Step(step[2] or "", step[3]))
        elif line:
            raise ValueError(f"not understood: {raw}")
    return globals_, found


def split(text: str, mark: str) -> list[str]:
    """Parts between marks that stand outside parentheses."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == mark and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


class TimedOut(Exception):
    """The channel's absolute time limit ends what it is doing."""


@dataclass
class Pbx:
    """One caller's channel. `agi(script, variables)` answers FastAGI (None: nobody listens; TimedOut: it hangs), and
    `dial(what)` says how ringing ends and for how many seconds the two talked (None: not connected)."""

    agi: Callable[[str, dict[str, str]], dict[str, str] | None]
    dial: Callable[[str], tuple[str, float | None]]
    variables: dict[str, str] = field(default_factory=dict)
    rung: list[str] = field(default_factory=list)
    #: applications in their order, filled in
    done: list[str] = field(default_factory=list)
    clock: float = 1_795_000_000
    limit: str = "0"

    def __post_init__(self) -> None:
        settings, self.plan = read()
        self.variables = {**settings, "GEGE_DEFAULT": STATION, "DIALLED": "07153391024", **self.variables}

    def run(self, context: str = "gege", extension: str = "s") -> str:
        """Until the caller is hung up on; the cause."""
        at, calls = 0, []
        for _ in range(2000):
            step = self.plan[context][extension][at]
            name, _, rest = step.application.partition("(")
            self.done.append(self._filled(step.application))
            rest = self.done[-1].partition("(")[2][:-1]
            at += 1
            try:
                if name == "Hangup":
                    return rest
                if name in ("Goto", "GotoIf"):
                    target = rest if name == "Goto" else self._chosen(rest)
                    if target:
                        context, extension, at = self._target(target, context, extension)
                elif name == "Gosub":
                    calls.append((context, extension, at))
                    context, extension, at = self._target(rest, context, extension)
                elif name == "Return":
                    context, extension, at = calls.pop()
                else:
                    self._do(name, rest)
            except TimedOut:
                assert self.limit != "0", f"{step.application} has no time limit"
                extension, at, self.limit = "T", 0, "0"
        raise AssertionError("it goes round in circles")

    def _do(self, name: str, rest: str) -> None:
        if name == "Set":
            key, _, value = rest.partition("=")
            if key == "TIMEOUT(absolute)":
                self.limit = value
            else:
                self.variables[key.lstrip("_")] = value
        elif name == "AGI":
            answer = self.agi(rest.rpartition("/")[2], self.variables)
            self.variables["AGISTATUS"] = "FAILURE" if answer is None else "SUCCESS"
            self.variables.update(answer or {})
        elif name == "Dial":
            assert self.limit == "0", "a conversation under a time limit"
            if number := re.match(r"Local/(\d*)@gege-ring/n,", rest):
                self.rung.append(number[1])
            self.variables["DIALSTATUS"], talked = self.dial(number[1] if number else rest)
            if talked is not None:
                self.variables["SHARED(SINCE)"] = str(int(self.clock))
                self.clock += talked
        elif name == "TryExec":
            if self.agi("tell", self.variables) is None:
                raise TimedOut
        else:
            assert name in ("Answer", "Originate"), name

    def _target(self, target: str, context: str, extension: str) -> tuple[str, str, int]:
        parts = target.split(",")
        label = parts[-1]
        extension = parts[-2] if len(parts) > 1 else extension
        context = parts[-3] if len(parts) > 2 else context
        steps = self.plan[context][extension]
        return context, extension, 0 if label == "1" else [each.label for each in steps].index(label)

    def _chosen(self, rest: str) -> str:
        condition, _, targets = rest.partition("?")
        yes, _, no = targets.partition(":")
        return yes if condition not in ("", "0") else no

    def _filled(self, text: str) -> str:
        """Inside out: ${…} first, then $[…], as Asterisk does."""
        while found := re.search(r"\$\{([^${}\[\]]*)\}|\$\[([^${}\[\]]*)\]", text):
            value = self._value(found[1]) if found[1] is not None else self._reckoned(found[2])
            text = text[: found.start()] + value + text[found.end() :]
        return text

    def _value(self, name: str) -> str:
        function, paren, rest = name.partition("(")
        if not paren or name in self.variables:
            return str(int(self.clock)) if name == "EPOCH" else self.variables.get(name, "")
        inside = rest[:-1]
        if function == "IF":
            return self._chosen(inside)
        if function == "REGEX":
            pattern, _, value = inside.strip('"').partition('" ')
            return str(int(re.search(pattern, value) is not None))
        if function == "FILTER":
            return re.sub(r"\D", "", inside.partition(",")[2])
        if function == "LEN":
            return str(len(inside))
        if function == "UUID":
            return "5b2c0e1c-0000-4000-8000-000000000001"
        if function == "URIENCODE":
            return inside.replace("+", "%2B")
        if function == "CUT":
            variable, mark, number = inside.split(",")
            parts = self.variables.get(variable, "").split(mark)
            return parts[int(number) - 1] if int(number) <= len(parts) else ""
        assert function in ("CALLERID", "PJSIP_HEADER", "PJSIP_ENDPOINT", "SHARED", "CHANNEL"), name
        return ""

    def _reckoned(self, text: str) -> str:
        for part in split(text, "&"):
            if found := re.fullmatch(r'\s*"?([^"]*?)"?\s*(!?=|>=|>)\s*"?([^"]*?)"?\s*', part):
                left, how, right = found.groups()
                if how in ("=", "!="):
                    true = (left == right) == (how == "=")
                else:
                    amount = float(self._sum(left)) - float(self._sum(right))
                    true = amount > 0 or (how == ">=" and amount == 0)
                if not true:
                    return "0"
            elif part.strip() in ("0", "1"):
                if part.strip() == "0":
                    return "0"
            else:
                return self._sum(part)
        return "1"

    @staticmethod
    def _sum(text: str) -> str:
        total = 0
        for sign, digits in re.findall(r"(-?)\s*\+?\s*(\d+)", text):
            total += int(f"{sign}{digits}")
        return str(total)
