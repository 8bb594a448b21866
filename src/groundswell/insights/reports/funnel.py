"""The loop's numbers as Ibis expressions: the same on every engine that Ibis speaks to.

People are counted, not requests: a click or a play counts a visitor once a day (their hash lasts for a UTC day, so who
comes before and after UTC's midnight counts again), and a visitor who asks not to be told apart once for each visit.
Conversions are counted by credit, so that they can be divided.

Only what engines agree on is used: no approximate counts or quantiles, no joins by nearest time, and a total order
(instant, then id) wherever order decides.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir

from groundswell.attribution.models import PPM
from groundswell.events.traffic.verdicts import DOUBT
from groundswell.platform.clock import UTC_DAYS, LocalDays, day_begin, day_end

CREDIT_STEPS = ("sign_up", "trial", "subscription", "renewal", "refund", "cancellation")
OF_PEOPLE = ("click", "continue", "play")
STAYED_DAYS = (30, 90)
FOUND_WITHIN_DAYS = 2

COLUMNS = {"channel": "channel", "title": "title_id", "moment": "moment_id"}
"""Dimensions that events and credits carry themselves."""

OF_MOMENT = {"scene": "scene_id", "maker": "maker_id"}
OF_SHARE = {"sharer": "sharer_id", "generation": "generation", "cohort": "week", "root": "root_id"}


def within(table: ir.Table, first: date, last: date, zone: str = "UTC") -> ir.Table:
    """The rows of whole days of ``zone``, both included."""
    return between(table, day_begin(first, zone), day_end(last, zone))


def between(table: ir.Table, begin: datetime, end: datetime) -> ir.Table:
    """The rows from one instant up to another."""
    return table.filter(table.at >= begin, table.at < end)


def local_day(at: ir.Value, days: LocalDays) -> ir.Value:
    """The day of an instant by the clocks of a zone, as text.

    Engines know zones by other names and versions: what the clocks said is told to them.
    """
    if days == UTC_DAYS:
        return at.date().cast("string")
    (_, first), *later = days.ahead
    shown = at + _interval(first)
    for since, ahead in later:
        shown = ibis.ifelse(at >= since, at + _interval(ahead), shown)
    return shown.date().cast("string")


def _interval(ahead: timedelta) -> ir.Value:
    return ibis.interval(seconds=int(ahead.total_seconds()))


def by_dimension(
    table: ir.Table, dimension: str | None, named: Mapping[str, ir.Table], days: LocalDays = UTC_DAYS
) -> ir.Table:
    """With a text column ``key`` to group by: what the row is about in that dimension, null when nothing is known.

    Args:
        named: the tables that say what ids stand for, as many as the dimension needs (see ``dimensions``).
    """
    if dimension is None:
        return table.mutate(key=ibis.literal(""))
    if dimension == "day":
        return table.mutate(key=local_day(table.at, days))
    if dimension in COLUMNS:
        return table.mutate(key=table[COLUMNS[dimension]])
    if dimension == "territory":
        return _territory(table, named)
    of, column = ("moment_id", OF_MOMENT[dimension]) if dimension in OF_MOMENT else ("share_id", OF_SHARE[dimension])
    names = named["moments" if of == "moment_id" else "shares"]
    names = names.select(named_id=names[of], key=names[column])
    return table.left_join(names, table[of] == names.named_id).drop("named_id")


def _territory(table: ir.Table, named: Mapping[str, ir.Table]) -> ir.Table:
    """Where a visit came from; for a credit, where the viewer who converted is known to be."""
    if "territory" in table.columns:
        return table.mutate(key=table.territory)
    places = named["converted"].select(named_id="conversion_id", key="territory")
    return table.left_join(places, table.conversion_id == places.named_id).drop("named_id")


def sliced(
    table: ir.Table, where: Mapping[str, str], named: Mapping[str, ir.Table], days: LocalDays = UTC_DAYS
) -> ir.Table:
    """The rows of one title, one channel and so on: each dimension of ``where`` has the value given."""
    return among(table, {dimension: (value,) for dimension, value in where.items()}, named, days)


def among(
    table: ir.Table, where: Mapping[str, Collection[str]], named: Mapping[str, ir.Table], days: LocalDays = UTC_DAYS
) -> ir.Table:
    """The rows of some titles, some creators and so on: each dimension of ``where`` has one of the values given."""
    for dimension, values in where.items():
        keyed = by_dimension(table, dimension, named, days)
        table = keyed.filter(keyed.key.isin(sorted(values))).drop("key")
    return table


def seconds(instant: ir.Value) -> ir.Value:
    """Whole seconds since 1970, rounded down: some engines count parts of a second too."""
    return instant.epoch_seconds().floor().cast("int64")


def visits(events: ir.Table, days: LocalDays = UTC_DAYS) -> ir.Table:
    """Per ``key`` and kind: shares, unfurls, and the people who clicked, went on and played, each once a day."""
    people = of_people(events)
    # Distinct rows, then a count: what does not fit into memory goes to disk, which distinct counts cannot everywhere.
    # Of UTC's days, a visitor's hash says the day itself.
    day = {} if days == UTC_DAYS else {"day": local_day(people.at, days)}
    people = people.select("key", "kind", who=ibis.coalesce(people.visitor, people.id), **day).distinct()
    counted = [each.group_by("key", "kind").aggregate(count=each.count()) for each in (people, sent(events))]
    return counted[0].union(counted[1]).order_by("key", "kind")


def of_people(events: ir.Table) -> ir.Table:
    """The clicks, goings on and plays of people."""
    return events.filter(events.verdict == "human", events.kind.isin(OF_PEOPLE))


def sent(events: ir.Table) -> ir.Table:
    """The shares, and the unfurls that they led to. Who is signed in shares without being judged; a visitor who does,
    and a preview's fetch, are what they are now."""
    shares = (events.kind == "share") & (events.verdict.fill_null("human") == "human")
    return events.filter(shares | ((events.kind == "unfurl") & (events.verdict == "unfurl")))


def conversions(credits: ir.Table) -> ir.Table:
    """Per ``key``, kind and currency: credited conversions in millionths, and their amount in minor units."""
    return (
        credits.group_by("key", "kind", "currency")
        .aggregate(millionths=credits.weight_ppm.sum(), amount_minor=credits.amount_minor.sum())
        .order_by("key", "kind", "currency")
    )


def staying(credits: ir.Table, events: ir.Table, days: int, as_of: datetime) -> ir.Table:
    """Per ``key``: subscriptions paid at least ``days`` before ``as_of`` (``due``), and those of them that had not
    been cancelled, given back in full or found to have churned within ``days`` (``stayed``), in millionths of credit.

    Churn is reported when it is found, which is on its day or up to ``FOUND_WITHIN_DAYS`` later.
    """
    span = days * 86_400
    paid = events.filter(events.kind == "subscription", events.at <= as_of - timedelta(days=days))
    paid = paid.select(conversion="id", viewer="viewer_id", paid_at="at", paid_minor="amount_minor")
    ends = events.filter(events.kind.isin(("cancellation", "refund", "churn")))
    ends = ends.select(end_viewer="viewer_id", end_kind="kind", ended_at="at", back_minor="amount_minor")
    met = paid.join(ends, paid.viewer == ends.end_viewer)
    after = seconds(met.ended_at) - seconds(met.paid_at)
    found = ibis.ifelse(met.end_kind == "churn", FOUND_WITHIN_DAYS * 86_400, 0)
    met = met.filter(after >= 0, after < span + found)
    ended = met.filter(met.end_kind != "refund").select(gone="conversion")
    refunds = met.filter(met.end_kind == "refund").group_by("conversion", "paid_minor")
    back = refunds.aggregate(back_minor=met.back_minor.sum())  # in parts or at once
    left = ended.union(back.filter(back.paid_minor + back.back_minor <= 0).select(gone="conversion")).distinct()
    sold = credits.filter(credits.kind == "subscription").select("key", "conversion_id", "weight_ppm")
    sold = sold.join(paid.select("conversion"), sold.conversion_id == paid.conversion)
    sold = sold.left_join(left, sold.conversion_id == left.gone)
    kept = ibis.ifelse(sold.gone.isnull(), sold.weight_ppm, 0)
    return sold.group_by("key").aggregate(due=sold.weight_ppm.sum(), stayed=kept.sum()).order_by("key")


def reported(events: ir.Table) -> ir.Table:
    """Per kind: all conversions that the service reported, whoever brought them."""
    kept = events.filter(events.kind.isin(CREDIT_STEPS))
    return kept.group_by("kind").aggregate(total=kept.count()).order_by("kind")


def excluded(events: ir.Table) -> ir.Table:
    """Per verdict, reason and rule: visits that were not people's (unfurls apart, which are a step of their own)."""
    kept = events.filter(events.verdict == "robot")
    counted = kept.group_by(verdict="verdict", reason=kept.verdict_reason, rule=kept.verdict_rule)
    counted = counted.aggregate(events=kept.count())
    return counted.order_by(ibis.desc("events"), "verdict", "reason", "rule").limit(50)


def with_model(credits: ir.Table, model: str, version: int) -> ir.Table:
    """The credit given by one version of one model; touches that it gives nothing are left out."""
    return credits.filter(credits.model == model, credits.model_version == version, credits.weight_ppm > 0)


def cycle_times(credits: ir.Table, events: ir.Table) -> ir.Table:
    """Seconds from each share to the sign-ups credited to it: how many, the median and the 90th percentile.

    A percentile is the least value that so many are no longer than (nearest rank), so that every engine finds the same.
    """
    made = events.filter(events.kind == "share").select(made_share="share_id", made_at="at")
    signed_up = credits.filter(credits.kind == "sign_up", credits.weight_ppm == PPM).select("id", "share_id", "at")
    joined = signed_up.join(made, signed_up.share_id == made.made_share)
    taken = joined.select(seconds=seconds(joined.at) - seconds(joined.made_at))
    # Equal times are counted first: there are far fewer of them than of sign-ups, and only they are put in order.
    times = taken.group_by("seconds").aggregate(sign_ups=taken.count())
    so_far = ibis.window(order_by=times.seconds, rows=(None, 0))
    ranked = times.mutate(rank=times.sign_ups.sum().over(so_far), total=times.sign_ups.sum().over(ibis.window()))

    def least(percent: int) -> ir.Value:
        return ibis.ifelse(ranked.rank * 100 >= ranked.total * percent, ranked.seconds, ibis.null("int64")).min()

    sign_ups = ranked.sign_ups.sum().fill_null(0).cast("int64")
    return ranked.aggregate(sign_ups=sign_ups, median_s=least(50), p90_s=least(90))


def offspring(
    credits: ir.Table,
    given: ir.Table,
    events: ir.Table,
    first: date,
    last: date,
    window: timedelta,
    days: LocalDays = UTC_DAYS,
) -> ir.Table:
    """What the period's new viewers brought: the shares that each made within ``window`` of signing up, and the
    sign-ups credited to these within ``window`` of the share. A sign-up whose credit (of ``given``) a verdict took away
    whole, so that ``credits`` has none, is no new viewer's: the visit that led to it was no person's. One that is in
    doubt, or was judged no person's itself, is neither a new viewer's nor was brought by any.

    Those who signed up on the same day and brought the same are one row, so that there are few however many sign up.
    Columns day, shares, millionths, viewers, newest (the last of them to sign up).
    """
    credited, stands = (
        table.filter(table.kind == "sign_up").select(**{name: "conversion_id"}).distinct()
        for table, name in ((given, "credited"), (credits, "standing"))
    )
    taken = credited.left_join(stands, credited.credited == stands.standing)
    taken = taken.filter(taken.standing.isnull()).select(gone="credited")
    doubted = _in_doubt(events).select(gone="id")
    new = within(events.filter(events.kind == "sign_up", events.viewer_id.notnull()), first, last, days.zone)
    new = _without(new, new.id, taken.union(doubted).distinct())
    new = new.group_by("viewer_id").aggregate(signed_up_at=new.at.min())
    span = int(window.total_seconds())
    made = events.filter(events.kind == "share", events.viewer_id.notnull())
    made = made.select("viewer_id", "share_id", shared_at="at").join(new, "viewer_id")
    since = seconds(made.shared_at) - seconds(made.signed_up_at)
    made = made.filter(since >= 0, since <= span).select("viewer_id", "share_id", "shared_at")
    brought = credits.filter(credits.kind == "sign_up")
    brought = _without(brought, brought.conversion_id, doubted)
    brought = brought.select("share_id", "weight_ppm", brought_at="at").join(made, "share_id")
    after = seconds(brought.brought_at) - seconds(brought.shared_at)
    brought = brought.filter(after >= 0, after <= span)
    sign_ups = brought.group_by("viewer_id").aggregate(millionths=brought.weight_ppm.sum())
    shares = made.group_by("viewer_id").aggregate(shares=made.count())
    found = new.left_join(shares, "viewer_id").drop("viewer_id_right").left_join(sign_ups, "viewer_id")
    found = found.select(
        "signed_up_at",
        day=local_day(found.signed_up_at, days),
        shares=found.shares.fill_null(0),
        millionths=found.millionths.fill_null(0),
    )
    alike = found.group_by("day", "shares", "millionths")
    return alike.aggregate(viewers=found.count(), newest=found.signed_up_at.max()).order_by(
        "day", "shares", "millionths"
    )


def _in_doubt(events: ir.Table) -> ir.Table:
    """The sign-ups that a verdict is on: most have none."""
    is_new = (events.verdict.fill_null("human") == "human") & (events.verdict_rule.fill_null("") != DOUBT)
    return events.filter(events.kind == "sign_up", ~is_new)


def _without(rows: ir.Table, id: ir.Value, gone: ir.Table) -> ir.Table:
    """The rows whose ``id`` is none of ``gone``."""
    kept = rows.left_join(gone, id == gone.gone)
    return kept.filter(kept.gone.isnull()).drop("gone")
