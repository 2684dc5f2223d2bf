"""Signing in under any order of links, devices, clocks, losses and leavings: who is in is who should be, and nobody else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bot.database import Database
from bot.doors.devices import ASKED, DESK_LIFE, MESSAGE, PASSWORD, PASSWORD_ROLES, PHONE_LIFE, Devices
from bot.doors.shutting import Shutting
from bot.grid.models import Role, Staff
from bot.notify.links import LIVES, MANY_TIMES, BadLink, Links, Purpose
from tests.postgres import database, database_url, sqlite_database
from tests.tickets.county import AT, county

__all__ = ["county", "database", "database_url", "sqlite_database"]
PEOPLE = ("M1", "A1", "D1")
WHO = st.sampled_from(PEOPLE)


@dataclass
class Door:
    """What the model knows of one key."""

    key: str
    who: str
    way: str
    ends_at: dt.datetime
    shut: bool = False


@dataclass
class Sent:
    """What it knows of one link."""

    token: str
    who: str
    purpose: Purpose
    made_at: dt.datetime
    used: bool = False
    void: bool = False


class Doors(RuleBasedStateMachine):
    """`county` is set by the test."""

    county: Database
    count = 0
    links = Bundle("links")
    devices = Bundle("devices")

    @initialize()
    def begin(self) -> None:
        Doors.count += 1
        self.at = AT + dt.timedelta(days=400 * Doors.count)
        self.signer = Links(b"k" * 32, self.county)
        self.shelf = Devices(self.county, lambda: self.at)
        self.shutting = Shutting(self.county, clock=lambda: self.at)
        self.doors: list[Door] = []
        self.sent: list[Sent] = []
        with self.county.session() as session:
            for who, role in (("M1", Role.manager), ("A1", Role.assistant), ("D1", Role.duty)):
                session.get_one(Staff, who).role = role

    @rule(target=links, who=WHO, purpose=st.sampled_from([Purpose.take, Purpose.sign_in, Purpose.open, Purpose.done]))
    def is_sent(self, who: str, purpose: Purpose) -> Sent:
        one = Sent(self.signer.token(purpose, "GD1", who, self.at), who, purpose, self.at)
        self.sent.append(one)
        return one

    @rule(link=links)
    def opens(self, link: Sent) -> None:
        good = not link.void and self.at < link.made_at + LIVES[link.purpose] and not link.used
        try:
            found = self.signer.redeem(link.token, self.at)
        except BadLink:
            assert not good, "an honest link is taken"
            return
        assert good and found.staff_no == link.who
        link.used = link.purpose not in MANY_TIMES

    @rule(link=links, at=st.integers(0, 400), to=st.sampled_from("AZ_-.é²"))
    def forges(self, link: Sent, at: int, to: str) -> None:
        spoiled = link.token[: at % len(link.token)] + to + link.token[at % len(link.token) + 1 :]
        if spoiled != link.token:
            with pytest.raises(BadLink):
                # What is not canonical is another token as well: the last characters of base64 carry spare bits.
                found = self.signer.read(spoiled, self.at)
                assert (found.staff_no, found.purpose) == (link.who, link.purpose)
                raise BadLink("the same words, spelled otherwise")

    @rule(target=devices, who=WHO, way=st.sampled_from([MESSAGE, ASKED, PASSWORD]))
    def comes_in(self, who: str, way: str) -> Door:
        life = DESK_LIFE if way == PASSWORD else PHONE_LIFE
        one = Door(self.shelf.admit(who, "a telephone", way, life), who, way, self.at + life)
        self.doors.append(one)
        return one

    @rule(key=st.sampled_from(["", "é", "x" * 43, "\udcff"]))
    def comes_with_a_key_of_nobodys(self, key: str) -> None:
        assert self.shelf.of(key) is None

    @rule(device=devices)
    def signs_out(self, device: Door) -> None:
        found = self.shelf.of(device.key)
        if found is not None:
            self.shelf.end(device.who, found.device_id)
            device.shut = True

    @rule(who=WHO)
    def loses_the_telephone(self, who: str) -> None:
        self.shutting.shut(who, "D1")
        for one in self.doors:
            one.shut = one.shut or one.who == who
        for link in self.sent:
            link.void = link.void or link.who == who
        # A link that is sent in the same millisecond is void as well.
        self.at += dt.timedelta(seconds=1)

    @rule(who=WHO, role=st.sampled_from([Role.manager, Role.duty, Role.supervisor, Role.left]))
    def is_something_else(self, who: str, role: Role) -> None:
        with self.county.session() as session:
            session.get_one(Staff, who).role = role

    @rule(hours=st.sampled_from([0.1, 11, 25, 24 * 8, 24 * 31]))
    def time_passes(self, hours: float) -> None:
        self.at += dt.timedelta(hours=hours)

    @invariant()
    def who_is_in_is_who_should_be(self) -> None:
        with self.county.reading() as session:
            roles = {who: str(session.get_one(Staff, who).role) for who in PEOPLE}
        for one in self.doors:
            found, role = self.shelf.of(one.key), roles[one.who]
            desk = role in PASSWORD_ROLES and one.way == MESSAGE
            due = not one.shut and self.at < one.ends_at and role != Role.left and not desk
            assert (found is not None) == due, one
            if found is not None:
                assert (found.staff_no, str(found.role)) == (one.who, role), "a role is the database's, now"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_is_in_who_should_not_be(county: Database) -> None:
    Doors.county = county
    run_state_machine_as_test(
        Doors,
        settings=settings(
            max_examples=8, stateful_step_count=12, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
        ),
    )  # fmt: skip
