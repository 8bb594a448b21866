"""Who of the imagined audience had followed another link before, so that credit has something to divide. Pure."""

from datetime import timedelta

from .audience import History, PlannedEvent

EARLIER_LEAST, EARLIER_MOST = timedelta(hours=7), timedelta(days=12)


def earlier_clicks(history: History) -> dict[int, PlannedEvent]:
    """Two in five newcomers had followed another link before, days or hours earlier: click's number to that click.

    So credit has something to divide, and models differ in what they make of it.
    """
    joined = [conversion.click for conversion in history.conversions if conversion.kind == "sign_up"]
    free = {e.number: e for e in history.events if e.kind == "click" and e.visitor != "crawler"}
    for click in joined:
        free.pop(click.number, None)
    found: dict[int, PlannedEvent] = {}
    for place, click in enumerate(joined):
        since, until = click.at - EARLIER_MOST, click.at - EARLIER_LEAST
        could = [e for e in free.values() if since < e.at < until and e.share.moment is not click.share.moment]
        if place % 5 < 2 and could:
            found[click.number] = free.pop(could[place * 7919 % len(could)].number)
    return found
