"""Simulated truth with fraud mixed in: how much is found, who is accused, and whether K, credit and lift still hold.

Worlds whose truth is known (``groundswell.demo.simulation``), in each of which 30 % of all visits are cheats', who go
the ways that the rules are about at sizes that are drawn, so that some stay below every rule; farms differ in care.
Among people there are crowds behind one address (campuses, carriers, offices), links that are passed on with their
token, and sales of nothing. They are judged as the service judges: every twelve hours, what the last two days show
together. Then K, the credit of sharers and the lift of a holdout are estimated from what is left, and held against the
truth; beside them stands what would have been said had nobody been judged.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID, uuid5

from bench.harness import Bench
from groundswell.attribution.invalid_traffic import OWN_ACCOUNT, OWN_BROWSER, is_habit, suspected
from groundswell.attribution.seen_visit import SeenVisit
from groundswell.attribution.shared_places import unusually_free
from groundswell.attribution.suspicions import TOKEN_FRIENDS
from groundswell.demo.simulation.fraud import DAY, DAYS, WAYS, Deed, MixedWorld
from groundswell.demo.simulation.world import World, WorldPlan, expected_k
from groundswell.insights.experiments.assignment import PPM, arm_of
from groundswell.insights.experiments.lift import lift
from groundswell.insights.reports.virality import MILLION, NewViewer, estimate

WORLDS = int(os.environ.get("BENCH_WORLDS", "150"))
PLAN = {"viewers": 1200, "reached": 5, "rings": 0, "robots": 0, "crowds": 4}
UNITS = 2000
BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
EVERY_S, LOOK_BACK_S = DAY / 2, 2 * DAY
CAREFUL = 0.5
LAST_S = (DAYS + 30) * DAY
VISITS = ("click", "play", "view", "share")
SPACE = UUID(int=14)


@dataclass
class Found:
    """What became of one world: counts of visits and people, and whether the truth lies where it is said to. ``found``
    was judged, ``on_desk`` was judged or is in a case that people are to decide; ``sharers_accused`` are honest ones
    with a case."""

    fraud: int
    found: int
    on_desk: int
    operations: int
    operations_found: int
    sharers: int
    sharers_accused: int
    ways: dict[str, tuple[int, int]]
    careful: tuple[int, int]
    people: int
    accused: int
    k_holds: bool
    lift_holds: bool
    credited_rightly: int
    joined: int
    fraud_joined: int
    fraud_credited: int


def judged(deeds: Sequence[Deed]) -> dict[int, str]:
    """Number of a deed → why it is no person's."""
    reasons: dict[int, str] = {}
    visits = [n for n, deed in enumerate(deeds) if deed.kind in VISITS]
    joined, converted = _conversions(deeds)
    kept = {n: _seen(n, deeds[n], joined, converted, 0.0) for n in visits if deeds[n].kind != "click"}
    end = EVERY_S
    while end < min(LAST_S, deeds[-1].at_s + 2 * EVERY_S):
        here = [n for n in visits if end - LOOK_BACK_S <= deeds[n].at_s < end]
        seen = [kept[n] if n in kept else _seen(n, deeds[n], joined, converted, end) for n in here]
        reasons = {visit.int: reason for visit, reason in suspected(seen).items()} | reasons
        end += EVERY_S
    return reasons


def _conversions(deeds: Sequence[Deed]) -> tuple[dict[str, float], dict[str, list[float]]]:
    """When each account signed up, and when it did or bought."""
    joined: dict[str, float] = {}
    converted: defaultdict[str, list[float]] = defaultdict(list)
    for deed in deeds:
        if deed.kind in ("sign_up", "subscription"):
            converted[deed.person].append(deed.at_s)
        if deed.kind == "sign_up":
            joined[deed.person] = deed.at_s
    return joined, converted


@cache
def _numbered(number: int) -> UUID:
    return UUID(int=number)


@cache
def _id(who: str) -> UUID:
    return uuid5(SPACE, who)


def _seen(
    number: int, deed: Deed, joined: dict[str, float], converted: dict[str, list[float]], by_s: float
) -> SeenVisit:
    """A visit as the service knows it at an instant: whose a click is, it learns with the sign-up."""
    bound = deed.kind == "click" and joined.get(deed.person, by_s) < by_s
    known = deed.signed_in or bound
    after = [at - deed.at_s for at in converted.get(deed.person, ()) if deed.at_s <= at < min(by_s, deed.at_s + DAY)]
    return SeenVisit(
        _numbered(number),
        BEGAN + timedelta(seconds=deed.at_s),
        visitor=deed.visitor if deed.kind != "share" else None,
        viewer_id=_id(deed.person) if known else None,
        sharer_id=_id(deed.sharer) if deed.kind != "share" else None,
        bought_after_s=min(after, default=None) if bound else None,
        kind=deed.kind,
        moment_id=_numbered(1),
        household=deed.household,
        network=deed.network,
        browser=deed.browser or None,
        carrier=deed.carrier,
    )


def on_desk(deeds: Sequence[Deed], out: Mapping[int, str]) -> tuple[set[str], set[int]]:
    """Sharers who have a case, and the visits that cases rest on."""
    visits = {n for n, reason in out.items() if not reason.startswith(OWN_ACCOUNT)}
    in_own: defaultdict[str, set[int]] = defaultdict(set)
    for n, reason in out.items():
        if reason == OWN_BROWSER:
            in_own[deeds[n].sharer].add(n)
    for theirs in in_own.values():
        if is_habit(BEGAN + timedelta(seconds=deeds[n].at_s) for n in theirs if deeds[n].kind == "click"):
            visits |= theirs
    cases = {deeds[n].sharer for n in visits}
    clicks = {deed.person: n for n, deed in enumerate(deeds) if deed.kind == "click"}
    for deed in deeds:
        if deed.token and deed.token in clicks:
            cases.add(deed.sharer)
            visits.add(clicks[deed.token])
    credited = touches(deeds, out)
    cases |= {found[-1].sharer for found in free_sales(deeds, credited)}
    visits |= {clicks[person] for person in in_doubt(deeds, credited)}
    return cases, visits


def free_sales(deeds: Sequence[Deed], credited: Mapping[str, Deed | None]) -> Iterator[list[Deed]]:
    """The sales of nothing that are in cases: each time, all of one sharer in a day."""
    sales = [deed for deed in deeds if deed.kind == "subscription" and credited.get(deed.person) is not None]
    for n, deed in enumerate(sales):
        if deed.amount:
            continue
        lately = [sale for sale in sales[max(0, n - 2_000) : n + 1] if sale.at_s > deed.at_s - DAY]
        theirs = [sale for sale in lately if sale.sharer == deed.sharer]
        free = [sale for sale in theirs if not sale.amount]
        others_free = sum(not sale.amount for sale in lately) - len(free)
        if unusually_free(len(free), len(theirs), others_free, len(lately) - len(theirs)):
            yield free


def in_doubt(deeds: Sequence[Deed], credited: Mapping[str, Deed | None]) -> set[str]:
    """The accounts of which nobody can say whether they are new viewers' until cases are decided."""
    friends = Counter(deed.token for deed in deeds if deed.kind == "sign_up" and deed.token)
    firsts = {who for who, number in friends.items() if number >= TOKEN_FRIENDS}
    return firsts | _free_joined(deeds, credited)


def _free_joined(deeds: Sequence[Deed], credited: Mapping[str, Deed | None]) -> set[str]:
    joined: defaultdict[str, list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.kind == "sign_up" and (click := credited.get(deed.person)) is not None:
            joined[click.sharer].append(deed)
    return {
        deed.person
        for found in free_sales(deeds, credited)
        for deed in joined[found[-1].sharer]
        if found[-1].at_s - DAY < deed.at_s <= found[-1].at_s
    }


def touches(deeds: Sequence[Deed], out: Collection[int]) -> dict[str, Deed | None]:
    """Account → the click that its sign-up is credited to; None when that turned out to be no person's."""
    last: dict[str, tuple[int, Deed]] = {}
    found: dict[str, Deed | None] = {}
    for number, deed in enumerate(deeds):
        if deed.kind == "click":
            last[deed.person] = number, deed
        elif deed.kind == "sign_up" and deed.person in last:
            click, seen = last[deed.person]
            found[deed.person] = None if click in out else seen
    return found


def new_viewers(deeds: Sequence[Deed], out: Collection[int]) -> list[NewViewer]:
    """As the reports count them: those whose visit was no person's are none, nor is who came with somebody else's
    token, or is in doubt."""
    given = touches(deeds, out)
    doubted = in_doubt(deeds, given)
    credited = {who: click for who, click in given.items() if click is not None and who not in doubted}
    brought = Counter(click.share for click in credited.values())
    shares: defaultdict[str, list[int]] = defaultdict(list)
    for deed in deeds:
        if deed.kind == "share" and deed.parent is not None:
            shares[deed.person].append(deed.share)
    return [
        NewViewer(len(shares[who]), sum(brought[share] for share in shares[who]) * MILLION) for who in sorted(credited)
    ]


def run_world(seed: int, *, part: float = 0.3, judge: bool = True, **plan: int) -> Found:
    """One world, judged or not."""
    world = World(WorldPlan(seed=seed, **(PLAN | plan)))  # type: ignore[arg-type]
    deeds = MixedWorld(world, part).deeds
    out = judged(deeds) if judge else {}
    visits = [n for n, deed in enumerate(deeds) if deed.kind in ("click", "play")]
    cheats = [n for n in visits if deeds[n].fraud]
    cases, looked_at = on_desk(deeds, out)
    sharers = {deed.sharer: deed.fraud for deed in deeds if deed.kind == "share"}
    cheating_sharers = {deed.sharer for deed in deeds if deed.fraud}
    of_way: dict[str, list[int]] = defaultdict(list)
    for n in cheats:
        of_way[deeds[n].fraud or ""].append(n)
    careful = [n for n in cheats if (deeds[n].care or 0.0) > CAREFUL]
    people = {deeds[n].person for n in visits if not deeds[n].fraud}
    accused = {deeds[n].person for n in visits if not deeds[n].fraud and n in out}
    k, credit = estimate(new_viewers(deeds, out)), touches(deeds, out)
    joins = {deed.person: deed.share for deed in deeds if deed.kind == "sign_up" and not deed.fraud}
    rightly = sum((click := credit.get(who)) is not None and click.share == share for who, share in joins.items())
    cheating = {deed.person for deed in deeds if deed.kind == "sign_up" and deed.fraud}
    assert k.low is not None
    assert k.high is not None
    return Found(
        fraud=len(cheats),
        found=sum(n in out for n in cheats),
        on_desk=sum(n in looked_at for n in cheats),
        operations=len(cheating_sharers),
        operations_found=len(cheating_sharers & cases),
        sharers=len(sharers) - len(cheating_sharers),
        sharers_accused=len(cases - cheating_sharers),
        ways={way: (len(theirs), sum(n in looked_at for n in theirs)) for way, theirs in of_way.items()},
        careful=(len(careful), sum(n in out for n in careful)),
        people=len(people),
        accused=len(accused),
        k_holds=k.low <= expected_k(world.plan) <= k.high,
        lift_holds=_lift_holds(world, [who for who in sorted(cheating) if credit.get(who) is not None], part),
        credited_rightly=rightly,
        joined=len(joins),
        fraud_joined=len(cheating),
        fraud_credited=sum(credit.get(who) is not None for who in cheating),
    )


def _lift_holds(world: World, left: Sequence[str], part: float) -> bool:
    """Whether a holdout finds the true effect of people, with those accounts of cheats in it that were not found out:
    they buy, whatever they are shown."""
    experiment = UUID(int=world.plan.seed + 1)
    arms: dict[str, list[float]] = {"control": [], "treatment": []}
    for unit, anyway, reached in world.experiment(UNITS):
        arm = arm_of(experiment, unit, PPM // 2)
        arms[arm].append(float(anyway or (arm == "treatment" and reached)))
    for who in left[: round(UNITS * part / (1 - part))]:
        arms[arm_of(experiment, who, PPM // 2)].append(1.0)
    found = lift(arms["control"], arms["treatment"])
    return found.low is not None and found.high is not None and found.low <= world.truth.effect <= found.high


def worlds(count: int, *, judge: bool = True, **plan: int) -> Iterator[Found]:
    for seed in range(count):
        yield run_world(seed, judge=judge, **plan)


def part_of(found: Sequence[Found], of: str, whole: str) -> float:
    return float(sum(getattr(each, of) for each in found) / sum(getattr(each, whole) for each in found))


async def run(bench: Bench) -> None:
    bench.plotted = "of 1"
    for words, judge in (("judged", True), ("nobody judged", False)):
        found = list(worlds(WORLDS, judge=judge))
        held = {name: sum(getattr(each, name) for each in found) / len(found) for name in ("k_holds", "lift_holds")}
        aims = judge or None
        bench.measure(f"{words}: fraud found", part_of(found, "found", "fraud"), "of 1", 0.95 if aims else None)
        if judge:
            _measure_desk(bench, found)
        accused = part_of(found, "accused", "people")
        bench.measure(f"{words}: people accused", accused, "of 1", 0.005 if aims else None, at_most=True)
        bench.measure(f"{words}: K's interval holds the true K", held["k_holds"], "of 1", 0.9 if aims else None)
        bench.measure(f"{words}: the lift's holds the true effect", held["lift_holds"], "of 1", 0.95 if aims else None)
        rightly = part_of(found, "credited_rightly", "joined")
        bench.measure(f"{words}: people credited to who brought them", rightly, "of 1", 0.995 if aims else None)
        left = part_of(found, "fraud_credited", "fraud_joined")
        bench.measure(f"{words}: cheats' accounts still credited", left, "of 1", 0.05 if aims else None, at_most=True)
    bench.note(f"{WORLDS} worlds of {PLAN['viewers']:,} viewers; 30 % of all visits are cheats'.")
    bench.note(f"{PLAN['crowds']} crowds a world, of 70 people who click on the average, behind one address or 24.")
    bench.note(
        "Who comes with a token that is another's is credited to nobody; whose sale was of nothing is credited until "
        "people have decided the case: so many of the cheats' accounts are. Neither, nor who signs up by the same "
        "links on the day of such sales, is a new viewer of K's."
    )
    bench.note(f"Careful: farms whose care is above {CAREFUL} (drawn between 0 and 1, one in four on the average).")


def _measure_desk(bench: Bench, found: Sequence[Found]) -> None:
    """What is in cases, judged or not, by way; what was found of farms that take care; whom cases are about."""
    bench.measure("judged or in a case: fraud found", part_of(found, "on_desk", "fraud"), "of 1", 0.95)
    bench.measure("cheats with a case", part_of(found, "operations_found", "operations"), "of 1")
    accused = part_of(found, "sharers_accused", "sharers")
    bench.measure("honest sharers with a case", accused, "of 1", 0.005, at_most=True)
    for way in WAYS:
        of_way = [each.ways.get(way, (0, 0)) for each in found]
        bench.measure(f"{way}: in a case", sum(n for _, n in of_way) / max(1, sum(n for n, _ in of_way)), "of 1")
    careful = [each.careful for each in found]
    bench.measure("careful farms: found", sum(n for _, n in careful) / max(1, sum(n for n, _ in careful)), "of 1")
