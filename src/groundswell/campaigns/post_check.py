"""Whether a post that was submitted carries what it has to: looked at once, through the guarded way out.

What is found is told to whoever reviews it and decides nothing by itself: many networks show robots nothing.
"""

import re
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.creators.tables import Creator
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.outbound import Outbound, fetch
from groundswell.platform.problems import Problem
from groundswell.platform.runtime import Runtime
from groundswell.shares.links import share_url, token_of
from groundswell.shares.tables import Share

from .tables import CampaignSubmission

MOST_BYTES = 2 << 20
SECONDS = 20.0
LINKS = 500


async def check(runtime: Runtime, submission_id: UUID) -> str:
    """Look at a submission's post; returns what was found: ``link``, ``code``, ``absent``, or a reason code."""
    async with runtime.database.transaction() as session:
        submission = await session.get(CampaignSubmission, submission_id)
        if submission is None or submission.status == "withdrawn":
            return ""
        url, code = submission.url, submission.mark
        links = await _links(session, runtime, submission)
    found = await _look(Outbound(runtime.settings), url, code, links)
    async with runtime.database.transaction() as session:
        submission = await session.get(CampaignSubmission, submission_id, with_for_update=True)
        if submission is not None:
            submission.checked_at, submission.check_code = utc_now(), found
    return found


async def _look(outbound: Outbound, url: str, code: str, links: Iterable[str]) -> str:
    """No transaction is open while somebody else's server takes its time."""
    try:
        async with outbound.client(SECONDS) as client:
            answer = await fetch(client, outbound.check(url), most_bytes=MOST_BYTES, seconds=SECONDS, kinds=("text/*",))
    except Problem as failed:
        return failed.code
    return carried(answer.content.decode(errors="replace"), code, links)


def carried(text: str, code: str, links: Iterable[str]) -> str:
    """What of a creator's a page carries."""
    plain = text.replace("\\/", "/")
    if any(link in plain for link in links):
        return "link"
    whole = code and re.search(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![A-Za-z0-9])", plain, re.IGNORECASE)
    return "code" if whole else "absent"


async def _links(session: AsyncSession, runtime: Runtime, submission: CampaignSubmission) -> list[str]:
    """The creator's addresses of the moment: those of their shares, and its own page."""
    settings, moment = runtime.settings, await session.get_one(Moment, submission.moment_id)
    viewer = select(Creator.viewer_id).filter_by(id=submission.creator_id).scalar_subquery()
    mine = select(Share.code).where(Share.moment_id == moment.id, Share.viewer_id == viewer)
    codes = await session.scalars(mine.order_by(Share.id.desc()).limit(LINKS))
    addresses = [share_url(settings, token_of(settings, code)) for code in codes]
    return [each.split("://", 1)[-1] for each in (*addresses, f"{settings.base_url}/m/{moment.code}")]
