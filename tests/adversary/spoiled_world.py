"""A series in whose middle somebody is, with what would give its end away; and what names all of that in addresses."""

from datetime import date, timedelta
from typing import get_args
from uuid import UUID

from sqlalchemy import select, update

from groundswell.campaigns.lifecycle import make
from groundswell.campaigns.schemas import NewCampaign
from groundswell.catalog.signals import LinesRecorded
from groundswell.catalog.tables import Line, Series, Source, Title
from groundswell.community.collection_tables import Collection, CollectionPart
from groundswell.community.comment_tables import Comment
from groundswell.community.follows import choose_approval, follow
from groundswell.community.own_data import OwnKind
from groundswell.creators import imported_partners
from groundswell.creators.tables import ImportedPartner
from groundswell.discovery.bluesky.tables import BlueskyPost
from groundswell.discovery.jobs import soon
from groundswell.earnings import pools
from groundswell.insights import weekly_mail
from groundswell.moments.tables import Moment
from groundswell.notifications import digest
from groundswell.notifications.tables import Notification, NotificationChoice
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.signals import send
from groundswell.platform.signatures import tag
from groundswell.shares.links import token_of
from groundswell.shares.tables import Share
from groundswell.trust.decisions import decide
from tests.community.made_supercuts import as_made
from tests.earnings.world import World, build, closed_month, in_closed_month
from tests.support import App

S = 1_000_000
SAID, CAPTION, COMMENT, MARKED = "zebrafish", "quixotry", "wolframite", "byzantine"
HERS = "a clip of ada's own"
PUBLISHER = "did:plc:z72i7hdynmk6r22z27h6tvur"
COLLECTION, CAMPAIGN, MAIL = "collected", "rain", "ada@example.com"
Names = dict[str, tuple[str, ...]]


async def spoiled(app: App) -> World:
    """A series of three episodes; ada has begun the first. The third has lines, clips and comments; a film, a clip that
    is marked."""
    app.runtime.settings.outward_feeds = True
    world = await build(app.runtime.database, "storm-3")
    await world.creator("maker")
    async with app.runtime.database.transaction() as session:
        series = Series(id=uuid7(), slug="storm", name="Storm")
        session.add(series)
        await session.flush()
        await session.execute(update(Title).values(series_id=series.id, season=1, episode=3, name="Storm Three"))
        first = Title(
            id=uuid7(), slug="storm-1", name="Storm One", series_id=series.id, season=1, episode=1,
            released_on=date(2020, 1, 1),
        )  # fmt: skip
        film = Title(id=uuid7(), slug="film", name="Film", released_on=date(2020, 1, 1))
        session.add_all([first, film])
        await session.flush()
        for title in (first, film):
            source = Source(
                id=uuid7(), title_id=title.id, version=1, storage_key=title.slug, sha256="0" * 64, size_bytes=1,
                status="ready", duration_us=600 * S,
            )  # fmt: skip
            session.add(source)
            await session.flush()
            title.current_source_id = source.id
        for number, title in enumerate((world.title, film.id)):
            said = SAID if title == world.title else "lamp"  # a film has no place that one has not come to
            session.add(
                Line(
                    title_id=title, language="en", number=number + 1, start_us=300 * S, end_us=306 * S,
                    text=f"The {said} did it.",
                )
            )  # fmt: skip
            await session.flush()
            await send(session, LinesRecorded(title, "en"))
    await world.moment("maker", CAPTION, 300 * S, 310 * S)
    await world.moment("maker", MARKED, 300 * S, 310 * S, title=film.id)
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.caption == MARKED).values(spoiler=True))
        for name in (CAPTION, MARKED):
            comment = Comment(
                id=uuid7(), moment_id=world.moments[name], viewer_id=world.viewers["maker"], at_us=301 * S,
                text=COMMENT if name == CAPTION else f"So {MARKED}!", same_as="",
            )  # fmt: skip
            session.add(comment)
        kept = Collection(
            id=uuid7(), code=COLLECTION, viewer_id=world.viewers["maker"], name="All of it", visibility="public",
            changed_at=utc_now(),
        )  # fmt: skip
        session.add(kept)
        await session.flush()
        for place, name in enumerate((CAPTION, MARKED)):
            part = {"collection_id": kept.id, "moment_id": world.moments[name], "place": place}
            session.add(CollectionPart(**part, added_by=world.viewers["maker"]))
        await session.flush()
        await as_made(session, kept, [world.moments[name] for name in (CAPTION, MARKED)])
        await soon(session)
    for name in (CAPTION, MARKED):
        await world.share(name)
        await world.happen(name, "play", "v1", "v2", "v3")
    async with app.runtime.database.transaction() as session:
        await soon(session)
    await app.run_jobs()
    told = await app.http.put(
        "/v1/progress", json={"title": "storm-1", "position_us": 60 * S}, headers=app.signed_in("ada")
    )
    assert told.status_code < 300, told.text
    ada = world.viewers["ada"] = UUID((await app.http.get("/v1/me", headers=app.signed_in("ada"))).json()["id"])
    async with app.runtime.database.transaction() as session:
        await choose_approval(session, world.viewers["maker"], False)
        await follow(session, ada, world.viewers["maker"])
    await world.creator("ada")
    await world.moment("ada", HERS, 10 * S, 20 * S, title=film.id)
    await world.happen(HERS, "play", "v1", at=in_closed_month())
    return world


async def names_in(app: App, world: World) -> tuple[Names, dict[str, Names]]:
    """What stands for each parameter of a path, and what does in one path alone: names of what gives something away,
    and of what is ada's own."""
    settings, ada = app.runtime.settings, world.viewers["ada"]
    now, days = utc_now(), timedelta(days=1)
    async with app.runtime.database.transaction() as session:
        made = [await session.get_one(Moment, world.moments[name]) for name in (CAPTION, MARKED)]
        codes = tuple(moment.code for moment in made)
        of_each = [moment.id for moment in made]
        shares = [await session.scalar(select(Share.code).filter_by(moment_id=id)) or "" for id in of_each]
        comments = [await session.scalar(select(Comment.id).filter_by(moment_id=id)) for id in of_each]
        decision = await decide(
            session, kind="moment", subject_id=world.moments[HERS], action="demote", reason_code="x",
            explanation="Because.", decided_by="tess",
        )  # fmt: skip
        choice = NotificationChoice(viewer_id=ada, mail_to=MAIL)
        told = Notification(
            id=uuid7(), viewer_id=ada, kind="comment", subject_id=world.moments[HERS], since=now - days, at=now
        )
        partner = ImportedPartner(id=uuid7(), programme="dub", key="ada", name="Ada", imported_by="x", created_at=now)
        post = BlueskyPost(
            uri=f"at://{PUBLISHER}/app.bsky.feed.post/{MARKED}", moment_id=world.moments[MARKED], noted_by="key:x"
        )
        session.add_all([choice, told, partner, post])
        campaign = NewCampaign(key=CAMPAIGN, name="Rain", begins_at=now - days, ends_at=now + days, terms="")
        await make(session, settings, campaign, None)
        funds = {"basis": "plays", "amount_minor": 9_000, "currency": "EUR", "created_by": "x"}
        pool = await pools.fund(session, period=closed_month(), **funds)
    await pools.run(app.runtime.database, pool.id)
    names: Names = {
        "title": ("storm-3", "film"),
        "slug": ("storm-3", "film"),
        "handle": ("maker", "ada"),
        "collection": (COLLECTION,),
        "moment": codes,
        "code": codes,
        "token": tuple(token_of(settings, share) for share in shares),
        "comment": tuple(map(str, comments)),
        "decision": (str(decision.id),),
        "notification": (str(told.id),),
        "statement_id": (str(pools.posting_id("pool", pool.id, "creator", world.creators["ada"])),),
        "key": (CAMPAIGN,),
        "viewer_id": (str(ada),),
        "form": ("rss", "atom"),
        "profile": ("none",),  # one that there is would be made, and waited for
        "name": ("main", "x-0.m4s"),
        "version": ("1",),
        "window": (str(uuid7()),),
    }
    joining = imported_partners.claim_link(settings, partner.id).rpartition("/")[2]
    mails = {
        "digest": (digest.STOP, str(ada), digest.LENGTH),
        "confirm": (digest.CONFIRM, f"{ada}:{MAIL}", digest.LENGTH),
        "weekly": (weekly_mail.STOP, str(ada), weekly_mail.STOP_LENGTH),
    }
    alone: dict[str, Names] = {
        f"/mail/{mail}/{{viewer_id}}/{{token}}": {"token": (tag(settings.secret, *said),)}
        for mail, said in mails.items()
    }
    alone["/creator/join/{token}"] = {"token": (joining,)}
    alone["/moments/export.{kind}"] = {"kind": ("csv", "json")}
    alone["/v1/me/data/{kind}"] = {"kind": get_args(OwnKind)}
    return names, alone
