"""Who the sample's people are: names, e-mails, organizations, plans and MRR. All of it is derived, none of it is real.

Everything follows from a hash of the person's or organization's id and, for plans, the time asked for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from orchestration.sample.draws import draw, draw_between, pick, pick_weighted
from orchestration.sample.words import (
    COUNTRIES,
    FIRST_NAMES,
    INDUSTRIES,
    LAST_NAMES,
    NAME_ENDS,
    NAME_STARTS,
)

PLANS = ("free", "starter", "pro", "enterprise")
ORGANIZATIONS = 120
HISTORY_FROM = datetime(2018, 4, 10)
HISTORY_DAYS = 220

# Price of a seat in each plan; an organization pays it for its seats, a user's own MRR is one seat.
SEAT_PRICE = {
    "free": Decimal(0),
    "starter": Decimal("9.50"),
    "pro": Decimal(24),
    "enterprise": Decimal("49.90"),
}
SEATS = {"free": (1, 5), "starter": (3, 20), "pro": (10, 60), "enterprise": (60, 400)}

# Shares of the oddities that real data has.
WITHOUT_ORGANIZATION = 0.04
IN_TWO_ORGANIZATIONS = 0.04
WITHOUT_EMAIL = 0.03
WITH_OWN_PLAN = 0.12
USER_WITHOUT_MRR = 0.08
ORGANIZATION_WITHOUT_MRR = 0.04
WITHOUT_INDUSTRY = 0.06
SHARE_BY_PLAN_CHANGES = (0.5, 0.35, 0.15)  # of organizations that change plan never, once, twice


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan and its MRR (None: not told; zero: a free plan) from a moment on."""

    valid_from: datetime
    plan: str
    mrr: Decimal | None


@dataclass(frozen=True, slots=True)
class Organization:
    """A customer organization; `terms` are in order of time, the first from the beginning."""

    organization_id: str
    name: str
    industry: str | None
    terms: tuple[Terms, ...]

    def terms_at(self, moment: datetime) -> Terms:
        """What the organization was on at that moment."""
        return next(terms for terms in reversed(self.terms) if terms.valid_from <= moment)


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the dataset as a user; the first organization is the home, there may be none or two."""

    person_id: str
    name: str
    email: str | None
    country: str
    organizations: tuple[Organization, ...]
    own_plan: str | None
    tells_mrr: bool

    def terms_at(self, moment: datetime) -> Terms:
        """The user's own plan, else the home organization's, at the price of one seat."""
        plan = self.own_plan or self.organizations[0].terms_at(moment).plan
        return Terms(moment, plan, SEAT_PRICE[plan] if self.tells_mrr else None)


@cache
def person(person_id: str) -> Person:
    """The person with this id, the same in every run."""
    first, last = pick(FIRST_NAMES, person_id, "first name"), pick(LAST_NAMES, person_id, "last name")
    homes = _homes(person_id)
    own_plan = None
    if not homes or draw(person_id, "own plan") < WITH_OWN_PLAN:
        own_plan = pick_weighted(PLANS, (45, 30, 20, 5), person_id, "plan")
    domain = f"{homes[0].organization_id}.example.com" if homes else "example.com"
    has_email = draw(person_id, "email") >= WITHOUT_EMAIL
    return Person(
        person_id=person_id,
        name=f"{first} {last}",
        email=f"{first}.{last}.{person_id[:4]}@{domain}".lower() if has_email else None,
        country=pick(COUNTRIES, person_id, "country"),
        organizations=homes,
        own_plan=own_plan,
        tells_mrr=draw(person_id, "mrr") >= USER_WITHOUT_MRR,
    )


@cache
def organization(rank: int) -> Organization:
    """The organization of this rank by size: 0 is the largest, ORGANIZATIONS - 1 the smallest."""
    # Steps of 7 through the endings give each rank a name of its own, neighbours in rank differing in both halves.
    start = NAME_STARTS[rank % len(NAME_STARTS)]
    end = NAME_ENDS[(rank // len(NAME_STARTS) + 7 * rank) % len(NAME_ENDS)]
    industry, noun = pick(INDUSTRIES, start, end)
    organization_id = f"{start}{end}".lower()
    return Organization(
        organization_id=organization_id,
        name=f"{start}{end} {noun}",
        industry=None if draw(organization_id, "industry") < WITHOUT_INDUSTRY else industry,
        terms=_history(organization_id, rank),
    )


def _homes(person_id: str) -> tuple[Organization, ...]:
    if draw(person_id, "organization") < WITHOUT_ORGANIZATION:
        return ()
    ranks = range(ORGANIZATIONS)
    weights = [1 / (rank + 5) for rank in ranks]
    home = pick_weighted(ranks, weights, person_id, "home")
    if draw(person_id, "two organizations") >= IN_TWO_ORGANIZATIONS:
        return (organization(home),)
    second = (home + draw_between(1, ORGANIZATIONS - 1, person_id, "second")) % ORGANIZATIONS
    return organization(home), organization(second)


def _history(organization_id: str, rank: int) -> tuple[Terms, ...]:
    large = rank < ORGANIZATIONS // 6
    level = PLANS.index(pick_weighted(PLANS, (5, 15, 40, 40) if large else (35, 35, 25, 5), organization_id, "plan"))
    tells_mrr = draw(organization_id, "mrr") >= ORGANIZATION_WITHOUT_MRR
    changes = pick_weighted(range(len(SHARE_BY_PLAN_CHANGES)), SHARE_BY_PLAN_CHANGES, organization_id, "changes")
    moments = sorted(draw(organization_id, "moment", str(number)) * HISTORY_DAYS for number in range(changes))
    history = [Terms(datetime.min, PLANS[level], _mrr(organization_id, level, 0) if tells_mrr else None)]
    for number, days in enumerate(moments, start=1):
        up = level == 0 or (level < len(PLANS) - 1 and draw(organization_id, "up", str(number)) < 0.65)
        level += 1 if up else -1
        moment = HISTORY_FROM + timedelta(seconds=int(days * 86_400))
        history.append(Terms(moment, PLANS[level], _mrr(organization_id, level, number) if tells_mrr else None))
    return tuple(history)


def _mrr(organization_id: str, level: int, number: int) -> Decimal:
    plan = PLANS[level]
    return SEAT_PRICE[plan] * draw_between(*SEATS[plan], organization_id, "seats", str(number))
