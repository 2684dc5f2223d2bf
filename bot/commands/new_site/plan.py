"""From answers to settings: what stands in gege.toml, which secrets lie beside it, and what an earlier gege.toml answered."""

from __future__ import annotations

import copy
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.commands.new_site.answers import NONE
from bot.commands.new_site.machine import own_address
from bot.commands.new_site.questions import Answers, Part, parts
from bot.foundation.phone_numbers import area_code, phone_digits
from bot.settings import Settings, VoiceSettings, settings_of
from bot.speech.models import DEMO, installed_models

_LOOPBACK = ("127.0.0.0/8", "::1/128")
#: a secret that stands elsewhere already
_ELSEWHERE = re.compile(r"(env|file):")
_AMI_PORT = 5038
#: keys of gege.toml that answers decide beside those that questions.yml names
_DECIDED = (
    "web.proxies", "web.host", "voice.fastagi", "voice.audiosocket", "voice.sip", "voice.sip_allowed",
    "voice.trunk.registrar", "voice.trunk.user", "voice.trunk.password", "voice.trunk.registers", "asterisk.allowed",
    "asterisk.ami.address", "asterisk.ami.user", "asterisk.ami.secret", "calling.enabled", "calling.prefixes",
    "speech.model", "speech.voice", "notify.providers",
)  # fmt: skip


@dataclass
class Plan:
    """What is to be written."""

    #: of gege.toml, section by section
    values: dict[str, Any]
    #: file under GEGE_HOME/keys to what it holds
    secrets: dict[str, str] = field(default_factory=dict)
    #: staff number, name and telephone
    admin: tuple[str, str, str] | None = None
    backups: Path | None = None

    def set(self, key: str, value: Any) -> None:
        *above, last = key.split(".")
        section = self.values
        for name in above:
            section = section.setdefault(name, {})
        section[last] = value

    def drop(self, key: str) -> None:
        """Take a key out, and each section that is empty without it."""
        *above, last = key.split(".")
        sections = [self.values]
        for name in above:
            if not isinstance(below := sections[-1].get(name), dict):
                return
            sections.append(below)
        sections[-1].pop(last, None)
        for name in reversed(above):
            if not sections.pop():
                sections[-1].pop(name)

    def keep_secret(self, key: str, name: str, given: str) -> None:
        """A secret goes to a file of its own, and gege.toml names the file; what stands elsewhere already stays there."""
        if _ELSEWHERE.match(given):
            self.set(key, given)
        else:
            self.secrets[name] = given
            self.set(key, f"file:keys/{name}")


def planned(answers: Answers, before: Mapping[str, Any], home: Path) -> Plan:
    """What these answers make of the gege.toml that is there; what they do not decide stays as it was."""
    plan = Plan(copy.deepcopy(dict(before)))
    for part in parts().values():
        if part.setting:
            _written(plan, part, answers.get(part.name, ""))
    for key in _DECIDED:
        plan.drop(key)
    _web(plan, answers, before)
    _telephone(plan, answers, before)
    _messengers(plan, answers, before)
    _speech(plan, answers, home)
    folder = answers.get("backup_folder", "")
    if folder in ("", NONE):
        plan.drop("backup.folder")
    else:
        plan.backups = Path(folder)
    if name := answers.get("admin_name"):
        plan.admin = (answers["admin_no"], name, answers["admin_phone"])
    return plan


def checked(plan: Plan, home: Path) -> Settings:
    """The settings that this makes, by the settings' own checks. Raises SettingsError with the key and the reason."""
    values = copy.deepcopy(plan.values)
    _with_secrets(values, plan.secrets, home)
    return settings_of(values, home)


def answers_of(before: Mapping[str, Any]) -> Answers:
    """What a gege.toml answers already: the defaults of a second time."""
    found = {
        part.name: str(value)
        for part in parts().values()
        if part.setting and (value := _get(before, part.setting)) not in (None, "", 0)
    }
    found |= {"proxy": ",".join(_get(before, "web.proxies") or ())}
    found |= _telephone_of(before)
    messengers = [
        name
        for name, key in (
            ("wecom", "notify.wecom.corp_id"), ("dingtalk", "notify.dingtalk_robot.url"), ("telegram", "notify.telegram.token"),
        )
        if _get(before, key)
    ]  # fmt: skip
    model = str(_get(before, "speech.model") or "")
    found |= {"messengers": ",".join(messengers), "voice": str(_get(before, "speech.voice") or "")}
    found |= {"ear": "demo" if model == str(DEMO) else model}
    if before and not _get(before, "backup.folder"):
        found["backup_folder"] = NONE
    return {name: value for name, value in found.items() if value}


# ---- each subject ---------------------------------------------------------------------------------


def _written(plan: Plan, part: Part, given: str) -> None:
    if not given:
        plan.drop(part.setting)
    elif part.kind == "secret":
        plan.keep_secret(part.setting, part.name, given)
    elif (part.quiet and given == part.default) and _get(plan.values, part.setting) is None:
        pass  # its default need not stand there
    else:
        plan.set(part.setting, int(given) if part.kind in ("port", "number") else given)


def _web(plan: Plan, answers: Answers, before: Mapping[str, Any]) -> None:
    proxies = list(filter(None, answers.get("proxy", "").split(",")))
    host = _get(before, "web.host")
    if proxies:
        plan.set("web.proxies", proxies)
        # A proxy on another machine has to reach the page.
        host = host if host and _loopback(host) == _here(proxies) else "127.0.0.1" if _here(proxies) else "0.0.0.0"
    if host:
        plan.set("web.host", host)


def _telephone(plan: Plan, answers: Answers, before: Mapping[str, Any]) -> None:
    way, sip_port = answers.get("telephone"), _port(before, "voice.sip")
    if way == "asterisk":
        _asterisk(plan, answers, before)
    elif way == "exchange":
        plan.set("voice.sip", f"{answers['own_address']}:{sip_port}")
        plan.set("voice.sip_allowed", [*_LOOPBACK, *answers["exchange_address"].split(",")])
    elif way in ("registrar", "trunk"):
        plan.set("voice.sip", f"{answers['own_address']}:{sip_port}")
        if allowed := _get(before, "voice.sip_allowed"):
            plan.set("voice.sip_allowed", allowed)
        plan.set("voice.trunk.registrar", answers["sip_server"])
        if way == "registrar":
            plan.set("voice.trunk.user", answers["sip_user"])
            plan.keep_secret("voice.trunk.password", "sip_password", answers["sip_password"])
        else:
            plan.set("voice.trunk.registers", False)
    if answers.get("calls_out") == "yes":
        plan.set("calling.enabled", True)
        area = area_code(phone_digits(answers["station_phone"]))
        plan.set("calling.prefixes", _get(before, "calling.prefixes") or ["1", area])


def _asterisk(plan: Plan, answers: Answers, before: Mapping[str, Any]) -> None:
    where = answers["asterisk_address"]
    own = "127.0.0.1" if _here([where]) else own_address(where)
    for key in ("voice.fastagi", "voice.audiosocket"):
        plan.set(key, f"{own}:{_port(before, key)}")
    allowed = _get(before, "asterisk.allowed") or list(_LOOPBACK)
    plan.set("asterisk.allowed", allowed if _here([where]) or where in allowed else [*allowed, where])
    if answers.get("calls_out") == "yes":
        plan.set("asterisk.ami.address", _get(before, "asterisk.ami.address") or [f"{where}:{_AMI_PORT}"])
        plan.set("asterisk.ami.user", _get(before, "asterisk.ami.user") or "gege")
        secret = str(_get(before, "asterisk.ami.secret") or secrets.token_hex(16))
        plan.keep_secret("asterisk.ami.secret", "asterisk_ami", secret)


def _messengers(plan: Plan, answers: Answers, before: Mapping[str, Any]) -> None:
    chosen = answers.get("messengers", "").split(",")
    providers = list(_get(before, "notify.providers") or ["console", "file"])
    robot = "dingtalk_robot"
    if ("dingtalk" in chosen) != (robot in providers):
        providers = [*providers, robot] if "dingtalk" in chosen else [one for one in providers if one != robot]
    if robot in providers or _get(before, "notify.providers"):
        plan.set("notify.providers", providers)


def _speech(plan: Plan, answers: Answers, home: Path) -> None:
    ear, voice = answers.get("ear", ""), answers.get("voice", "")
    if ear != "demo":
        plan.set("speech.model", ear)
    elif installed_models(home):
        plan.set("speech.model", str(DEMO))  # else it is in use by itself, until a better one is installed
    if voice not in ("", "auto"):
        plan.set("speech.voice", voice)


def _telephone_of(before: Mapping[str, Any]) -> Answers:
    ami, sip = _get(before, "asterisk.ami.address"), str(_get(before, "voice.sip") or "")
    allowed = [one for one in _get(before, "voice.sip_allowed") or () if one not in _LOOPBACK]
    found = {"own_address": sip.rpartition(":")[0], "calls_out": "yes" if _get(before, "calling.enabled") else ""}
    if server := _get(before, "voice.trunk.registrar"):
        registers = _get(before, "voice.trunk.registers") is not False
        return found | {
            "telephone": "registrar" if registers else "trunk", "sip_server": server,
            "sip_user": str(_get(before, "voice.trunk.user") or ""),
            "sip_password": str(_get(before, "voice.trunk.password") or ""),
        }  # fmt: skip
    if allowed:
        return found | {"telephone": "exchange", "exchange_address": ",".join(allowed)}
    if ami or _get(before, "voice.fastagi"):
        others = [one for one in _get(before, "asterisk.allowed") or () if one not in _LOOPBACK]
        return found | {"telephone": "asterisk", "asterisk_address": others[0] if others else "127.0.0.1"}
    return {}


# ---- below it -------------------------------------------------------------------------------------


def _section(values: Mapping[str, Any], path: list[str]) -> Any:
    section: Any = values
    for name in path:
        section = section.get(name, {}) if isinstance(section, Mapping) else {}
    return section


def _get(values: Mapping[str, Any], key: str) -> Any:
    *above, last = key.split(".")
    section = _section(values, above)
    return section.get(last) if isinstance(section, Mapping) else None


def _port(before: Mapping[str, Any], key: str) -> str:
    """The port that is set, else the usual one."""
    given = str(_get(before, key) or getattr(VoiceSettings(), key.partition(".")[2]))
    return given.rpartition(":")[2]


def _with_secrets(values: dict[str, Any], held: Mapping[str, str], home: Path) -> None:
    for name, value in values.items():
        if isinstance(value, dict):
            _with_secrets(value, held, home)
        elif isinstance(value, str) and (secret := held.get(value.removeprefix("file:keys/"))) is not None:
            values[name] = secret if value.startswith("file:") else value


def _here(addresses: list[str]) -> bool:
    return all(_loopback(one) for one in addresses)


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_network(address, strict=False).is_loopback
    except ValueError:
        return address == "localhost"
