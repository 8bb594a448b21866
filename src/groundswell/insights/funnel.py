"""The loop's numbers as Ibis expressions: the same on every engine that Ibis speaks to.

People are counted, not requests: a click or a play counts a visitor (whose hash lasts for a day) once, and a visitor
who asks not to be told apart once for each visit. Conversions are counted by credit, so that they can be divided.
"""

from datetime import UTC, date, datetime, time, timedelta

import ibis
import ibis.expr.types as ir

from groundswell.attribution.credit import PPM

EVENT_STEPS = ("share", "unfurl", "click", "continue", "play")
CREDIT_STEPS = ("sign_up", "trial", "subscription", "renewal", "refund", "cancellation")
OF_PEOPLE = ("click", "continue", "play")


def within(table: ir.Table, first: date, last: date) -> ir.Table:
    """The rows of whole UTC days, both included."""
    begin = datetime.combine(first, time(), UTC)
    end = datetime.combine(last + timedelta(days=1), time(), UTC)
    return table.filter(table.at >= begin, table.at < end)


def sliced(table: ir.Table, *, title_id: str | None, channel: str | None) -> ir.Table:
    """The rows of one title, one channel, or both."""
    if title_id is not None:
        table = table.filter(table.title_id == title_id)
    if channel is not None:
        table = table.filter(table.channel == channel)
    return table


def by_dimension(table: ir.Table, dimension: str | None) -> ir.Table:
    """With a text column ``key`` to group by: a column's value, the UTC day, or the same for all."""
    if dimension is None:
        return table.mutate(key=ibis.literal(""))
    if dimension == "day":
        return table.mutate(key=table.at.strftime("%Y-%m-%d"))
    return table.mutate(key=table[dimension])


def visits(events: ir.Table) -> ir.Table:
    """Per ``key``: shares, unfurls, and the people who clicked, went on and played."""
    who = ibis.coalesce(events.visitor, events.id)
    human = events.verdict == "human"
    counted: dict[str, ir.Value] = {step: who.nunique(where=human & (events.kind == step)) for step in OF_PEOPLE}
    for step in ("share", "unfurl"):
        counted[step] = (events.kind == step).sum()
    return events.group_by("key").aggregate(**counted).order_by("key")


def conversions(credits: ir.Table) -> ir.Table:
    """Per ``key``, kind and currency: credited conversions in millionths, and their amount in minor units."""
    return (
        credits.group_by("key", "kind", "currency")
        .aggregate(millionths=credits.weight_ppm.sum(), amount_minor=credits.amount_minor.sum())
        .order_by("key", "kind", "currency")
    )


def reported(events: ir.Table) -> ir.Table:
    """Per kind: all conversions that the service reported, whoever brought them."""
    kept = events.filter(events.kind.isin(CREDIT_STEPS))
    return kept.group_by("kind").aggregate(total=kept.count()).order_by("kind")


def excluded(events: ir.Table) -> ir.Table:
    """Per reason: visits that were not people's (unfurls apart, which are a step of their own)."""
    kept = events.filter(events.verdict == "robot")
    counted = kept.group_by(reason=kept.verdict_reason).aggregate(events=kept.count())
    return counted.order_by(ibis.desc("events"), "reason").limit(20)


def with_model(credits: ir.Table, model: str, version: int) -> ir.Table:
    """The credit given by one version of one model."""
    return credits.filter(credits.model == model, credits.model_version == version)


def cycle_times(credits: ir.Table, events: ir.Table) -> ir.Table:
    """Seconds from each share to the sign-ups credited to it: how many, the median and the 90th percentile."""
    made = events.filter(events.kind == "share").select(share_id="share_id", made_at="at")
    signed_up = credits.filter(credits.kind == "sign_up", credits.weight_ppm == PPM)
    joined = signed_up.join(made, "share_id")
    seconds = joined.at.epoch_seconds() - joined.made_at.epoch_seconds()
    return joined.aggregate(sign_ups=joined.count(), median_s=seconds.quantile(0.5), p90_s=seconds.quantile(0.9))


def offspring(credits: ir.Table, events: ir.Table, first: date, last: date, window: timedelta) -> ir.Table:
    """Per new viewer of the period: the shares they made within ``window`` of signing up, and the sign-ups credited to
    these within ``window`` of the share. Columns viewer_id, signed_up_at, shares, sign_ups."""
    new = within(events.filter(events.kind == "sign_up", events.viewer_id.notnull()), first, last)
    new = new.group_by("viewer_id").aggregate(signed_up_at=new.at.min())
    span = int(window.total_seconds())
    made = events.filter(events.kind == "share", events.viewer_id.notnull())
    made = made.select("viewer_id", "share_id", shared_at="at").join(new, "viewer_id")
    since = made.shared_at.epoch_seconds() - made.signed_up_at.epoch_seconds()
    made = made.filter(since >= 0, since <= span).select("viewer_id", "share_id", "shared_at")
    brought = credits.filter(credits.kind == "sign_up").select("share_id", "weight_ppm", brought_at="at")
    brought = brought.join(made, "share_id")
    after = brought.brought_at.epoch_seconds() - brought.shared_at.epoch_seconds()
    brought = brought.filter(after >= 0, after <= span)
    sign_ups = brought.group_by("viewer_id").aggregate(millionths=brought.weight_ppm.sum())
    shares = made.group_by("viewer_id").aggregate(shares=made.count())
    found = new.left_join(shares, "viewer_id").drop("viewer_id_right").left_join(sign_ups, "viewer_id")
    return found.select(
        "viewer_id", "signed_up_at", shares=found.shares.fill_null(0), millionths=found.millionths.fill_null(0)
    ).order_by("viewer_id")
