"""The county in memory: one reading of the registry, never changed afterwards."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.foundation.phone_numbers import area_code, phone_digits
from bot.grid.address import Address, parse_address
from bot.grid.contacts import PHONE
from bot.grid.location import PersonCard
from bot.grid.models import Community, Contact, Grid, GridStaff, Household, Role, Staff
from bot.sound.same_name import same_name


class County:
    """Who lives where and who serves them, as the database held it at one moment.

    Row indices are positions in the column lists."""

    def __init__(self, session: Session, area_code: str = "") -> None:
        """`area_code`: that of this county; empty: the one that most landlines here have."""
        self._area_code = area_code
        self.numbers: list[str] = []
        self.holders: list[str] = []
        self.communities_of: list[str] = []
        self.compounds: list[str] = []
        self.addresses: list[str] = []
        self.grids: list[str] = []
        #: what each address names, its numbers by what they count
        self.where: list[Address] = []
        self.row_of: dict[str, int] = {}
        #: streets, compounds and bays → the communities that they lie in
        self.names: dict[str, set[str]] = defaultdict(set)
        self.by_holder: dict[str, array[int]] = defaultdict(lambda: array("i"))
        self.grids_in: dict[str, set[str]] = defaultdict(set)
        self._people(session)
        rows = session.connection().execute(
            select(
                Household.household_no,
                Household.householder,
                Community.name,
                Household.compound,
                Household.address,
                Household.grid_no,
            ).join(Community, Community.id == Household.community_id)
        )
        for row in rows:
            self._add(*row)
        #: as they are told to an ear
        self.community_names = tuple(self.communities())
        self.names_by_size = self._names_by_size()

    def _add(self, number: str, holder: str, community: str, compound: str, address: str, grid: str) -> None:
        row = len(self.numbers)
        where = parse_address(community, compound, address)
        self.numbers.append(number)
        self.holders.append(holder)
        self.communities_of.append(community)
        self.compounds.append(compound)
        self.addresses.append(address)
        self.grids.append(grid)
        self.where.append(where)
        self.row_of[number] = row
        self.by_holder[holder].append(row)
        self.grids_in[community].add(grid)
        if where.name:
            self.names[where.name].add(community)

    def _people(self, session: Session) -> None:
        staff = session.scalars(select(Staff).where(Staff.role != Role.left)).all()
        phones = {grid.grid_no: grid.phone for grid in session.scalars(select(Grid))}
        self.area_code = self._area_code or _most_common_area(session, phones.values(), staff)
        self._staff = {
            one.staff_no: PersonCard(one.staff_no, one.name, one.role, self.in_full(one.phone)) for one in staff
        }
        self._of_grid: dict[str, list[PersonCard]] = defaultdict(list)
        for grid_no, staff_no in session.execute(
            select(GridStaff.grid_no, GridStaff.staff_no).order_by(GridStaff.staff_no)
        ):
            self._of_grid[grid_no].append(self._staff[staff_no])
        self._grid_nos = set(phones)
        self._grid_of_number = {self.in_full(phone): grid_no for grid_no, phone in phones.items() if phone}
        served: dict[str, list[str]] = defaultdict(list)
        for grid_no, people in self._of_grid.items():
            for person in people:
                if person.role == Role.manager and person.phone:
                    served[self.in_full(person.phone)].append(grid_no)
        for phone, grid_nos in served.items():
            if len(grid_nos) == 1:
                self._grid_of_number.setdefault(phone, grid_nos[0])

    def in_full(self, number: str) -> str:
        """A number in its one form, with this county's area code where it came without one."""
        return phone_digits(number, self.area_code)

    def _names_by_size(self) -> tuple[str, ...]:
        """Communities, compounds, streets and bays as they are said, those of most households first."""
        counted = Counter(name.removesuffix("社区") for name in self.communities_of)
        counted.update(where.name for where in self.where if where.name)
        return tuple(name for name, _ in counted.most_common())

    @property
    def size(self) -> int:
        """Number of households."""
        return len(self.numbers)

    def place_of(self, row: int) -> str:
        """The compound of a household, its street or bay, else its community."""
        return self.where[row].name or self.communities_of[row]

    def staff(self, grid_no: str, role: str) -> list[PersonCard]:
        """People of a role on a grid."""
        return [person for person in self._of_grid.get(grid_no, []) if person.role == role]

    def managers(self) -> list[tuple[str, PersonCard]]:
        """(grid_no, manager) of every grid."""
        return [(grid_no, person) for grid_no in self._of_grid for person in self.staff(grid_no, Role.manager)]

    def people(self) -> list[PersonCard]:
        """All of the staff, by number."""
        return [self._staff[no] for no in sorted(self._staff)]

    def person(self, staff_no: str) -> PersonCard | None:
        return self._staff.get(staff_no)

    def duty(self) -> list[PersonCard]:
        """The duty desk."""
        return [person for person in self._staff.values() if person.role == Role.duty]

    def communities(self) -> list[str]:
        return sorted(self.grids_in)

    def manager_no(self, grid_no: str | None) -> str | None:
        """Staff number of a grid's manager."""
        people = self.staff(grid_no, Role.manager) if grid_no else []
        return people[0].staff_no if people else None

    def is_householder(self, household_no: str, name: str) -> bool:
        """Whether this is the householder's whole name and nothing else, allowing accented Mandarin and homophones."""
        row = self.row_of.get(household_no)
        return row is not None and same_name(self.holders[row], name)

    def grid_of_number(self, number: str) -> str | None:
        """The grid that a dialled or diverting number, or a QR code's `grid_24`, names."""
        if number.startswith("grid_"):
            grid_no = number.removeprefix("grid_")
            return grid_no if grid_no in self._grid_nos else None
        return self._grid_of_number.get(self.in_full(number))


def _most_common_area(session: Session, boards: Iterable[str | None], staff: Iterable[Staff]) -> str:
    """The area code that landlines here have, for who calls without it; empty when there are none."""
    landlines = select(Contact.address).where(Contact.channel == PHONE, Contact.address.like("0%"))
    numbers = [*session.scalars(landlines), *boards, *(one.phone for one in staff)]
    codes = Counter(code for number in numbers if number and (code := area_code(phone_digits(number))))
    return codes.most_common(1)[0][0] if codes else ""
