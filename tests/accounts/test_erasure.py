"""An erased viewer cannot be found any more, in no column of no table, and every number still adds up."""

import re
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import ARRAY, Column, LargeBinary, String, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_of
from groundswell.accounts.jobs import forget_old_answers
from groundswell.accounts.tables import SignIn, StaffStanding, Viewer
from groundswell.attribution.tables import Campaign, Conversion, Credit, StripeInvoice, StripePayment, StripeReturn
from groundswell.campaigns.tables import CampaignMember, CampaignSubmission
from groundswell.catalog.tables import Progress
from groundswell.community.collection_tables import Collection, CollectionPart
from groundswell.community.comment_tables import Comment
from groundswell.community.tables import Barrier, CommunityProfile, Follow, Reaction
from groundswell.creators.tables import (
    Creator,
    CreatorAgreement,
    CreatorApplication,
    CreatorChannel,
    CreatorInvitation,
    CreatorTerms,
    ImportedPartner,
)
from groundswell.discovery.bluesky.tables import BlueskyPost
from groundswell.earnings.tables import Pool, Statement, StatementDocument
from groundswell.insights.tables import Experiment, KeptReport, WeeklyRecipient
from groundswell.moments.tables import ClippedSpan, Moment, Rendition
from groundswell.notifications.tables import DigestMail, Notification, NotificationChoice, PushSubscription
from groundswell.payouts.tables import Payee, PayoutItem, PayoutRun, StripeAccount
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Base
from groundswell.platform.ids import uuid7
from groundswell.platform.jobs import JobFailure, defer
from groundswell.platform.routing import IdempotencyKey
from groundswell.shares.tables import Reminder
from groundswell.trust.tables import Appeal, Case, CaseStep, CounterNotice, Decision, Report
from groundswell.web import features
from groundswell.webhooks.tables import WebhookMessage
from tests.attribution.test_conversions import ago, conversion, report, visit
from tests.events.places import make_share, make_shared
from tests.support import App

PRIVACY = Path(__file__).parents[2] / "docs" / "explanation" / "privacy.md"
MARK = "zqmark"
SUBJECT, NAME, ORDER = f"{MARK}-subject", f"Ann {MARK}", f"{MARK}-order"

NOBODYS = {
    "adjustments": "appeal currency explanation reason_code",
    "audit_log": "hash",
    "campaign_briefs": "entry about dos donts captions scenes terms",
    "campaign_budgets": "currency settle_reason",
    "campaign_earnings": "term source currency cut_by",
    "campaign_members": "status",
    "campaign_submissions": "status check_code",
    "campaigns": "key name titles territories model currency terms",
    "case_items": "kind reason",
    "case_steps": "action",
    "cases": "rule status",
    "catalog_entries": "hash line_hash entry given_by",
    "catalog_syncs": "name source problem etag refusals",
    "closed_reports": "question figures",
    "click_marks": "snapshot",
    "conversions": "kind currency",
    "covered_ranges": "kind",
    "creator_applications": "status reason",
    "creator_channels": "found",
    "creator_invitations": "status",
    "creator_terms": "body",
    "credits": "kind model channel currency",
    "collaborators": "state",
    "collections": "code visibility",
    "supercuts": "status recipe_hash left_out failure_code",
    "supercut_parts": "recipe_hash",
    "decisions": "subject_kind action reason_code rule appeal source",
    "appeals": "outcome",
    "counter_notices": "state",
    "reviews": "subject_kind lane reason_code",
    "saved_replies": "name reason_code text",
    "events": "kind channel currency verdict verdict_reason verdict_rule",
    "exchange_rates": "currency into",
    "experiments": "key name hypothesis subject unit",
    "exposures": "arm",
    "feed_impressions": "reason outcome",
    "heat_marks": "name snapshot",
    "idempotency_keys": "request_hash media_type",
    "job_failures": "task",
    "imported_commissions": "programme currency state",
    "imported_partners": "programme",
    "kept_reports": "question",
    "lake_seals": "name",
    "learned_effects": "effects",
    "ledger_accounts": "kind currency balance_limit",
    "lines": "language text look",
    "log_homes": "database",
    "moments": "code visibility framing",
    "month_closings": "period act reason outcome figures",
    "notification_choices": "changed language digest",
    "notification_marks": "snapshot",
    "notifications": "kind",
    "payouts": "currency return_reason",
    "payees": "missing",
    "payout_runs": "currency rail status cancel_reason file_sha256",
    "payout_items": "currency status code",
    "bank_files": "sha256 kind message_id",
    "bank_lines": "said end_to_end_id bank_reference currency bank_code outcome problem resolution",
    "payout_thresholds": "currency",
    "pools": "period basis rules currency status snapshot after_snapshot carried cancel_reason",
    "postings": "currency period reason",
    "push_subscriptions": "vapid_key",
    "barriers": "kind",
    "follows": "state",
    "reactions": "kind verdict",
    "renditions": "recipe_hash profile framing captions card status storage_key media_type result failure_code"
    " failure_words",
    "comments": "held_for deleted_by",
    "reports": "reason_code kind language",
    "rights_rules": "scope scope_key territory kids_ratings ratings_off targets blocked_ranges note",
    "saved_views": "name address",
    "scene_ballots": "kind territory",
    "scene_decisions": "action reason",
    "scene_forecasts": "state",
    "scene_local_days": "territory",
    "scene_locals": "territory",
    "scene_standings": "state",
    "scenes": "quote",
    "series": "slug name synopsis",
    "service_keys": "name hash scopes",
    "shares": "code channel shape",
    "spoken_languages": "language",
    "spoken_meanings": "language meaning",
    "bluesky_posts": "noted_by",
    "spoken_sentences": "language text",
    "spoken_words": "key word",
    "sources": "storage_key sha256 status failure_code index playback_key playback_type package_key package_refusal"
    " storyboard_key storyboard waveform",
    "staff_preferences": "time_zone",
    "staff_standings": "said_by roles",
    "stale_votes": "kind",
    "statement_documents": "number",
    "statement_lines": "period",
    "stripe_invoices": "reason currency settled_as",
    "stripe_returns": "kind currency",
    "given_sources": "address form status code words",
    "heat_votes": "kind territory",
    "unfound_phrases": "words",
    "titles": "external_id slug name synopsis rating licences watch poster_key backdrop_key accent suggestions"
    " doubtful_encoding",
    "touches": "matched_by",
    "hand_over_codes": "hash",
    "sign_ins": "hash roles titles language provider",
    "spent_tokens": "hash",
    "verdicts": "kind reason rule traffic",
    "viewers": "issuer",
    "webhook_deliveries": "subject status problem",
    "webhook_endpoints": "name address kinds status secret secret_before",
    "webhook_messages": "kind subject data",
    "visitor_salts": "salt",
}
"""Columns of text or data that say nothing of a viewer: codes, states, what staff write about their work."""


NUMBERS = ("viewer_id", ".territory", ".country", ".touch", ".follower_id", ".followed_id", ".other_id", ".reactor")
"""Columns that hold no word of a viewer: numbers, a country."""


def told() -> dict[str, str]:
    """What the page on privacy says that erasure does, by ``table.column``."""
    found = {}
    for table, columns, becomes in re.findall(r"^\| `(\w+)` \| (`.*?`) \| (.*) \|$", PRIVACY.read_text(), re.MULTILINE):
        for column in re.findall(r"`(\w+)`", columns):
            assert f"{table}.{column}" not in found
            found[f"{table}.{column}"] = becomes
    return found


def could_be_personal(column: Column[Any]) -> bool:
    """Text, data, and whatever names a viewer; numbers, instants and flags say nothing by themselves."""
    of_viewer = any(key.target_fullname == "viewers.id" for key in column.foreign_keys)
    return of_viewer or isinstance(column.type, String | LargeBinary | JSONB | ARRAY)


def test_every_column_that_can_hold_something_of_a_person_is_told_of() -> None:
    features.load("tables")
    demo = "demo_"  # the demo service's own accounts are not ours
    tables = [table for table in Base.metadata.tables.values() if not (table.schema or table.name.startswith(demo))]
    there = {f"{table.name}.{column.name}" for table in tables for column in table.columns if could_be_personal(column)}
    nobodys = {f"{table}.{column}" for table, columns in NOBODYS.items() for column in columns.split()}
    assert not nobodys & set(told())
    classified = nobodys | set(told())
    new = there - classified
    assert not new, f"say in {PRIVACY.name} what erasure does to {sorted(new)}, and do it; or put it among NOBODYS"
    assert classified <= there, f"gone: {sorted(classified - there)}"


async def everything(app: App) -> dict[str, set[str]]:
    """The columns that hold the mark, each with what it holds; the job queue's tables too."""
    found = defaultdict(set)
    async with app.runtime.database.transaction() as session:
        tables = await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        for table in tables:
            for (row,) in await session.execute(text(f'SELECT to_jsonb(t) FROM "{table}" t')):
                for column, value in row.items():
                    shown = bytes.fromhex(value[2:]).decode(errors="replace") if str(value)[:2] == "\\x" else str(value)
                    if MARK in shown.lower():
                        found[f"{table}.{column}"].add(shown)
    return dict(found)


async def someone(app: App) -> dict[str, Any]:
    """A viewer who has left something in every column that the page names, with the mark in it."""
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    service = await app.service_key("conversions:write", "viewers:erase", "events:write")
    ann = app.signed_in(SUBJECT, name=NAME)
    touch = await visit(app, shared, ago(hours=1))
    creator = {"handle": f"{MARK}_h", "display_name": NAME, "bio": f"I am {NAME}", "code": f"{MARK.upper()}10"}
    sign_up = conversion("sign_up", viewer=SUBJECT, id=f"{MARK}-signup", touch=touch)
    told_of = {"moment": shared.moment.code, "reason_code": "other", "text": f"{NAME} says so"}
    sent = [
        ("/v1/conversions", sign_up, service | {"Idempotency-Key": "k-1"}),
        ("/v1/creators", creator, ann | {"Idempotency-Key": f"{MARK}-key"}),
        ("/v1/reports", told_of, ann),
    ]
    for path, body, headers in sent:
        answer = await app.http.post(path, json=body, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
    sale = conversion("subscription", minor=999, viewer=SUBJECT, id=ORDER, code=creator["code"])
    await report(app, service, sale | {"code": None})
    async with app.runtime.database.transaction() as session:
        viewer = (await session.scalars(select(Viewer).filter_by(subject=SUBJECT))).one()
        viewer.territory, viewer.kids, viewer.ad_tier = "DE", True, True
        await session.execute(update(Conversion).filter_by(external_id=ORDER).values(code=creator["code"]))
        of = {"viewer_id": viewer.id, "title_id": shared.title.id}
        moment = Moment(
            id=uuid7(), code=f"c{uuid7().hex[:9]}", source_id=shared.moment.source_id, start_us=1_000_000,
            end_us=9_000_000, visibility="public", caption=f"{NAME} was here", note=f"for {NAME}", **of,
        )  # fmt: skip
        session.add(moment)
        await session.flush()
        session.add(ClippedSpan(moment_id=moment.id, start_us=1_000_000, end_us=9_000_000, **of))
        session.add(Progress(position_us=1, **of))
        reminder = {"share_id": shared.share.id, "moment_id": shared.moment.id, "territory": "DE"}
        session.add(Reminder(viewer_id=viewer.id, **reminder))
        until = {"seen_at": utc_now(), "idle": timedelta(hours=1), "ends_at": utc_now() + timedelta(hours=1)}
        session.add(
            SignIn(hash=b"h", roles=[], titles=[], id_token=f"a token of {SUBJECT}", viewer_id=viewer.id, **until)
        )
        session.add(
            WebhookMessage(id=uuid7(), kind="k", subject="s", at=utc_now(), data={}, people={MARK: str(viewer.id)})
        )
        said = {"said_by": "issuer", "roles": ["marketer"], "email": f"{MARK}@service.example", "said_at": utc_now()}
        session.add(StaffStanding(viewer_id=viewer.id, **said))
        owner = shared.moment.viewer_id
        session.add(Follow(follower_id=viewer.id, followed_id=owner, state="following"))
        session.add(Follow(follower_id=owner, followed_id=viewer.id, state="requested"))
        session.add(Barrier(viewer_id=owner, other_id=viewer.id, kind="mute"))
        session.add(CommunityProfile(viewer_id=viewer.id, approves=True))
        said = {"text": f"{NAME} says so", "same_as": MARK, "at_us": 75_000_000, "moment_id": shared.moment.id}
        session.add(Comment(id=uuid7(), viewer_id=viewer.id, **said))
        felt = {"kind": "love", "at_us": 75_000_000, "verdict": "human", "event_at": utc_now(), "event_id": uuid7()}
        session.add(Reaction(moment_id=shared.moment.id, reactor=str(viewer.id), viewer_id=viewer.id, **felt))
        await leave_with_trust(session, viewer.id, moment.id)
        session.add(WeeklyRecipient(viewer_id=viewer.id, address=f"{MARK}@service.example"))
        told = {"viewer_id": viewer.id, "kind": "follower", "subject_id": viewer.id}
        session.add(Notification(since=utc_now(), at=utc_now(), **told))
        session.add(NotificationChoice(viewer_id=viewer.id, time_zone=MARK, mail_to=f"{MARK}@service.example"))
        session.add(DigestMail(viewer_id=viewer.id, day=utc_now().date()))
        keys = {"p256dh": f"{MARK}-key".encode(), "auth": f"{MARK}-auth".encode(), "vapid_key": "k"}
        session.add(PushSubscription(viewer_id=viewer.id, endpoint=f"https://push.example/{MARK}", **keys))
        session.add(KeptReport(question="q", answer={"label": NAME}, made_at=utc_now()))
        failed = {"args": {"to": f"{MARK}-subject"}, "error": f"No such mailbox: {NAME}", "failed_at": utc_now()}
        session.add(JobFailure(job_id=1, task="mail", attempts=4, **failed))
        invoice = f"in_{MARK}"
        session.add(
            StripeInvoice(
                id=invoice, subscription=f"sub_{MARK}", viewer=SUBJECT, touch=f"t-{MARK}", code=creator["code"],
                at=utc_now(), reason="subscription_create", paid_minor=999, currency="EUR", free=False,
            )
        )  # fmt: skip
        session.add(StripePayment(payment=f"pi_{MARK}", invoice=invoice))
        back = {"amount_minor": 1, "currency": "EUR", "at": utc_now()}
        session.add(StripeReturn(id=f"re_{MARK}", kind="refund", payment=f"pi_{MARK}", invoice=invoice, **back))
        experiment = Experiment(
            id=uuid7(), key="held-back", name="Held back", subject="sharing", unit="viewer", control_ppm=500_000,
            minimum_effect=0.1,
        )  # fmt: skip
        session.add(experiment)
        rendition = Rendition(
            recipe_hash="ab" * 32, source_id=moment.source_id, start_us=1_000_000, end_us=9_000_000, profile="mp4",
            status="ready", progress=1000, storage_key="renditions/zz", media_type="video/mp4", size_bytes=4,
        )  # fmt: skip
        session.add(rendition)
        await leave_in_the_books(session, viewer.id)
    await app.runtime.store.put_bytes("renditions/zz", b"with a caption")
    await make_share(app.runtime.database, app.runtime.settings, moment, viewer.id)
    exposed = {"exposures": [{"unit": SUBJECT}, {"unit": f"{MARK}-home", "viewer": SUBJECT}]}
    answer = await app.http.post("/v1/experiments/held-back/exposures", json=exposed, headers=service)
    assert answer.status_code == 200, answer.text
    return {"service": service, "viewer": viewer.id, "moment": moment.id, "sign_up": sign_up}


async def leave_in_the_books(session: AsyncSession, viewer_id: UUID) -> None:
    """A statement with its document, and an objection to a case."""
    creator = (await session.scalars(select(Creator).filter_by(viewer_id=viewer_id))).one()
    stream: dict[str, Any] = {
        "period": "2026-10",
        "basis": "plays",
        "currency": "EUR",
        "rules": "1",
        "created_by": "fay",
    }
    pool = Pool(id=uuid7(), amount_minor=100, **stream)
    statement = Statement(id=uuid7(), pool_id=pool.id, creator_id=creator.id, weight=1, amount_minor=100)
    told: dict[str, Any] = {"payee": {"name": NAME}, "lines": [{"caption": f"{NAME} was here"}], "amount_minor": 100}
    pdf = f"%PDF of {NAME}".encode()
    case = Case(id=uuid7(), rule="rate", subject_id=viewer_id)
    for row in (pool, case):
        session.add(row)
    await session.flush()
    session.add(statement)
    await session.flush()
    session.add(
        StatementDocument(statement_id=statement.id, number="2026-1", document=told, pdf=pdf, issued_at=utc_now())
    )
    session.add(CreatorTerms(version=1, body="Be kind.", published_by="mira"))
    await session.flush()
    session.add(CreatorAgreement(viewer_id=viewer_id, version=1))
    asked = {"handle": f"{MARK}_h", "display_name": NAME, "bio": NAME, "code": MARK, "country": "DE", "note": NAME}
    session.add(CreatorApplication(viewer_id=viewer_id, languages=[MARK], **asked))
    session.add(CreatorInvitation(viewer_id=viewer_id, invited_by="viewer:mira"))
    session.add(CreatorChannel(creator_id=creator.id, address=f"https://tok.example/@{MARK}", proof=f"gs-{MARK}"))
    moved: dict[str, Any] = {"programme": "dub", "key": "pn_1", "email_tag": MARK, "name": NAME, "code": MARK}
    session.add(ImportedPartner(**moved, creator_id=creator.id, imported_by="viewer:mira"))
    kept = {"data_key": MARK, "sealed": NAME.encode(), "account_tag": MARK, "missing": [], "changed_at": utc_now()}
    session.add(Payee(creator_id=creator.id, version=1, **kept))
    session.add(StripeAccount(creator_id=creator.id, account=f"acct_{MARK}", ready=True, made_at=utc_now()))
    today = utc_now().date()
    run = PayoutRun(
        id=uuid7(), currency="EUR", rail="csv", execution_on=today, drafted_by="fay", drafted_at=utc_now(),
        file=NAME.encode(), file_key=MARK,
    )  # fmt: skip
    session.add(run)
    await session.flush()
    line = {"amount_minor": 1, "currency": "EUR", "payee_version": 1, "changed_at": utc_now()}
    session.add(PayoutItem(run_id=run.id, creator_id=creator.id, **line))
    by = actor_of(viewer_id)
    session.add(CaseStep(case_id=case.id, action="appeal", reason=f"{NAME} says so", by=by))
    moment = (await session.scalars(select(Moment).filter_by(viewer_id=viewer_id))).one()
    now = utc_now()
    campaign = Campaign(
        id=uuid7(), key="autumn", name="Autumn", begins_at=now, ends_at=now + timedelta(days=1), model="last",
        model_version=1, attribution_window_days=1, terms="",
    )  # fmt: skip
    session.add(campaign)
    await session.flush()
    part = {"campaign_id": campaign.id, "creator_id": creator.id, "reason": f"Not {NAME}"}
    session.add(CampaignMember(status="refused", note=f"{NAME} would love to", **part))
    post = {"moment_id": moment.id, "url": f"https://tok.example/@{MARK}", "mark": creator.code, "due_at": now}
    session.add(CampaignSubmission(status="refused", **post, **part))


async def leave_with_trust(session: AsyncSession, viewer_id: UUID, moment_id: UUID) -> None:
    """A collection, a notice, and a decision that was contested in both ways."""
    collection = Collection(id=uuid7(), code=f"k{uuid7().hex[:9]}", viewer_id=viewer_id, changed_at=utc_now())
    collection.name, collection.about, collection.visibility = f"{NAME}'s", f"By {NAME}", "public"
    decision = Decision(
        id=uuid7(), subject_kind="moment", subject_id=moment_id, action="demote", reason_code="rights", source="own",
        explanation="No.", decided_by="rule", appeal="", person_id=viewer_id, seen={"caption": f"{NAME} was here"},
    )  # fmt: skip
    told = {"name": NAME, "email": f"{MARK}@example.com", "url": f"https://x.example/{MARK}", "work": f"{NAME}'s"}
    notice = Report(
        id=uuid7(), kind="notice", person_id=viewer_id, reason_code="rights", text="", law=MARK,
        reporter=actor_of(viewer_id), **told,
    )  # fmt: skip
    for row in (collection, decision, notice):
        session.add(row)
    await session.flush()
    session.add(CollectionPart(collection_id=collection.id, moment_id=moment_id, place=0, added_by=viewer_id))
    session.add(
        BlueskyPost(uri=f"at://did:web:{MARK}.example/app.bsky.feed.post/3k", moment_id=moment_id, noted_by="x")
    )
    until = {"created_at": utc_now(), "decision_id": decision.id}
    session.add(Appeal(id=uuid7(), appellant_id=viewer_id, text=f"{NAME} objects", due_at=utc_now(), **until))
    session.add(
        CounterNotice(
            id=uuid7(), viewer_id=viewer_id, name=NAME, address=f"1 {MARK} Street", email=f"{MARK}@example.com",
            text=f"{NAME} swears", court_action=f"{NAME} v. X", restore_from=utc_now(), restore_by=utc_now(), **until,
        )
    )  # fmt: skip


async def erase(app: App, service: dict[str, str]) -> httpx.Response:
    return await app.http.delete(f"/v1/viewers/{SUBJECT}", headers=service)


@pytest.mark.slow
async def test_nothing_that_leads_to_them_is_left_anywhere(app: App) -> None:
    ann = await someone(app)
    before = await everything(app)
    marked = {
        column for column, becomes in told().items() if not becomes.startswith("stays") and not column.endswith(NUMBERS)
    }
    assert set(before) >= marked, "left something in each"
    assert (await erase(app, ann["service"])).status_code == 204
    after = await everything(app)
    after.get("exposures.unit", set()).discard(f"{MARK}-home")  # a household's name, not a viewer's
    assert {column: values for column, values in after.items() if values} == {}
    async with app.runtime.database.transaction() as session:
        viewer = await session.get_one(Viewer, ann["viewer"])
        assert (viewer.name, viewer.territory, viewer.kids, viewer.ad_tier) == ("", None, False, False)
        moment = await session.get_one(Moment, ann["moment"])
        assert (moment.caption, moment.note, moment.credit_me, moment.deleted_at) == ("", "", False, None)
        for table in (Notification, NotificationChoice, DigestMail, PushSubscription):  # others have theirs
            theirs = select(func.count()).select_from(table).where(table.viewer_id == ann["viewer"])
            assert await session.scalar(theirs) == 0
        for table in (Progress, Reminder, Follow, Barrier, CommunityProfile, Reaction):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
        assert await session.scalar(text("SELECT count(*) FROM conversions WHERE touch IS NOT NULL")) == 0
        assert set(await session.scalars(text("SELECT viewer FROM exposures"))) == {viewer.subject}


@pytest.mark.slow
async def test_media_that_names_their_caption_is_dropped(app: App) -> None:
    ann = await someone(app)
    await erase(app, ann["service"])
    await app.run_jobs()
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Rendition)) == 0
    assert not await app.runtime.store.exists("renditions/zz")


@pytest.mark.slow
async def test_keys_go_and_numbers_stay(app: App) -> None:
    ann = await someone(app)

    async def sums() -> list[object]:
        async with app.runtime.database.transaction() as session:
            totals = [select(func.sum(Credit.amount_minor)), select(func.count()).select_from(Conversion)]
            totals += [select(func.count()).select_from(text(table)) for table in ("events", "exposures", "reports")]
            return [await session.scalar(total) for total in totals]

    before = await sums()
    assert (await erase(app, ann["service"])).status_code == 204
    assert await sums() == before
    again = await erase(app, ann["service"])
    assert (again.status_code, again.json()["code"]) == (404, "viewer_not_known")
    late = await report(app, ann["service"], conversion("renewal", minor=999, id="order-2", viewer=SUBJECT))
    assert late.json()["code"] == "viewer_unknown"


@pytest.mark.slow
async def test_who_comes_back_is_somebody_new_and_no_conversion_earns_twice(app: App) -> None:
    """What was paid for them stays; their next sign-up, with a code that they type again, is another person's."""
    ann = await someone(app)
    creator = await app.http.get("/v1/creators/me", headers=app.signed_in("mo"))
    assert creator.status_code == 404
    mo = {"handle": "mo", "display_name": "Mo", "code": "MOMOMO10"}
    assert (await app.http.post("/v1/creators", json=mo, headers=app.signed_in("mo"))).status_code == 201
    first = conversion("sign_up", viewer="eve", id="eve-1", code="MOMOMO10")
    told = await report(app, ann["service"], first)
    assert told.status_code == 201
    assert (await app.http.delete("/v1/viewers/eve", headers=ann["service"])).status_code == 204

    async def credited() -> int:
        async with app.runtime.database.transaction() as session:
            of_mo = select(func.count()).select_from(Credit).join(Viewer, Viewer.id == Credit.sharer_id)
            return await session.scalar(of_mo.where(Viewer.subject == "mo", Credit.model == "last")) or 0

    assert await credited() == 1, "what was earned stays"
    for again in (first, first | {"code": None}, first | {"viewer": "somebody-else"}):
        refused = await report(app, ann["service"], again)
        assert (refused.status_code, refused.json()["code"]) == (409, "conversion_erased")
    assert await credited() == 1
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(Viewer.id).filter_by(subject="eve")) is None, "nobody is made by a repeat"
    anew = await report(app, ann["service"], first | {"id": "eve-2"})
    assert anew.status_code == 201
    assert await credited() == 2


async def test_an_emptied_answer_is_still_an_answer(app: App) -> None:
    """What was asked for under a key is not done a second time because its answer named somebody erased."""
    ann = await someone(app)
    await erase(app, ann["service"])
    headers = ann["service"] | {"Idempotency-Key": "k-1"}
    repeated = await app.http.post("/v1/conversions", json=ann["sign_up"], headers=headers)
    assert (repeated.status_code, repeated.content) == (201, b"")
    assert repeated.headers["idempotency-replayed"] == "true"


@pytest.mark.slow
async def test_no_address_is_kept_with_a_stored_answer_and_it_expires(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    told_of = {"moment": shared.moment.code, "reason_code": "other", "text": "No."}
    sent = [
        await app.http.post("/v1/reports", json=told_of, headers={"Idempotency-Key": key}) for key in ("old", "new")
    ]
    assert {answer.status_code for answer in sent} == {201}
    async with app.runtime.database.transaction() as session:
        stored = (await session.scalars(select(IdempotencyKey))).all()
        assert {row.principal.partition(":")[0] for row in stored} == {"visitor"}
        assert not [row for row in stored if "127.0.0.1" in row.principal]
        await session.execute(update(IdempotencyKey).filter_by(key="old").values(created_at=ago(days=1, minutes=1)))
        await defer(session, forget_old_answers, timestamp=0)
    await app.run_jobs()
    async with app.runtime.database.transaction() as session:
        assert list(await session.scalars(select(IdempotencyKey.key))) == ["new"]


async def test_expiry_is_due_every_hour(app: App) -> None:
    due = {task.task.name for task in app.runtime.jobs.periodic_registry.periodic_tasks.values()}
    assert forget_old_answers.name in due


async def test_only_a_key_with_the_scope_may_erase(app: App) -> None:
    other = await app.service_key("conversions:write")
    assert (await app.http.delete("/v1/viewers/newcomer", headers=other)).json()["code"] == "scope_missing"
