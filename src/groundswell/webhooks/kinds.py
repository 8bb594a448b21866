"""The kinds of message: what each says, and an example of its data. Pure.

The words are the feature's own, as are the fields: an id that is a row's is called by the row (``moment_id``), and a
person is named by the service's own id of them.
"""

from typing import Any, Literal, NamedTuple, get_args

Kind = Literal[
    "moment.created",
    "moment.changed",
    "moment.deleted",
    "moment.taken_down",
    "share.created",
    "share.first_click",
    "sign_up.credited",
    "subscription.credited",
    "subscription.reversed",
    "scene.trending",
    "scene.forecast",
    "title.unclippable",
    "statement.ready",
    "payout.made",
    "report.taken",
    "decision.taken",
    "decision.lifted",
    "notification.made",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_MOMENT = {
    "moment_id": "019b0b5e-0000-7000-8000-000000000001",
    "moment": "7Kd2mPq9Xa",
    "title_id": "019b0b5e-0000-7000-8000-000000000002",
    "title": "film-0042",
    "start_us": 615_000_000,
    "end_us": 633_500_000,
    "visibility": "unlisted",
    "viewer": "viewer-311",
}
_SHARE = {
    "share_id": "019b0b5e-0000-7000-8000-000000000003",
    "moment_id": _MOMENT["moment_id"],
    "channel": "whatsapp",
    "generation": 0,
    "root_id": "019b0b5e-0000-7000-8000-000000000003",
    "viewer": "viewer-311",
}
_CONVERSION = {
    "conversion_id": "019b0b5e-0000-7000-8000-000000000004",
    "conversion": "order-9001",
    "conversion_kind": "sign_up",
    "at": "2026-12-24T20:15:00+00:00",
    "amount_minor": None,
    "currency": None,
    "viewer": "viewer-512",
    "credits": [{"model": "last", "share_id": _SHARE["share_id"], "weight_ppm": 1_000_000, "amount_minor": None}],
}
_DECISION = {
    "decision_id": "019b0b5e-0000-7000-8000-000000000005",
    "subject_kind": "moment",
    "subject_id": _MOMENT["moment_id"],
    "action": "hide",
    "reason_code": "spoiler",
    "rule": None,
}


class KindInfo(NamedTuple):
    """What a kind of message says, and an example of its ``data``."""

    about: str
    example: dict[str, Any]


KIND_INFO: dict[Kind, KindInfo] = {
    "moment.created": KindInfo("A viewer clipped a moment.", _MOMENT),
    "moment.changed": KindInfo("Its words, visibility or span are other than before.", _MOMENT),
    "moment.deleted": KindInfo("Its viewer deleted it.", _MOMENT),
    "moment.taken_down": KindInfo("A decision hides it.", _MOMENT | {"reason_code": "spoiler"}),
    "share.created": KindInfo("A moment was sent somewhere.", _SHARE),
    "share.first_click": KindInfo(
        "A person came by way of a share for the first time.",
        {name: _SHARE[name] for name in ("share_id", "moment_id", "channel")} | {"at": "2026-12-24T20:11:09+00:00"},
    ),
    "sign_up.credited": KindInfo("A sign-up that you reported came of a share or a creator's code.", _CONVERSION),
    "subscription.credited": KindInfo(
        "A trial, subscription or renewal that you reported came of one.",
        _CONVERSION | {"conversion_kind": "subscription", "amount_minor": 1299, "currency": "EUR"},
    ),
    "subscription.reversed": KindInfo(
        "Credit was taken back: the sale was refunded (`because`: `refund`), or the visit behind it was no person's "
        "(`verdict`).",
        _CONVERSION
        | {"conversion_kind": "refund", "amount_minor": 1299, "currency": "EUR", "because": "refund"}
        | {"original_id": "019b0b5e-0000-7000-8000-000000000006"},
    ),
    "scene.trending": KindInfo(
        "A scene began to rise: votes for it come faster than they used to.",
        {
            "scene_id": "019b0b5e-0000-7000-8000-000000000007",
            **{name: _MOMENT[name] for name in ("title_id", "title", "start_us", "end_us")},
            "best_moment_id": _MOMENT["moment_id"],
            "moments": 41,
            "people": 28,
        },
    ),
    "scene.forecast": KindInfo(
        "A scene is expected to have more votes in the end than an alert of the console says; in four cases of five "
        "`low` to `high`.",
        {
            "scene_id": "019b0b5e-0000-7000-8000-000000000007",
            **{name: _MOMENT[name] for name in ("title_id", "title")},
            "alert_id": "019b0b5e-0000-7000-8000-00000000000c",
            "threshold": 10_000,
            "seen": 2_140,
            "expected": 11_900,
            "low": 8_200,
            "high": 16_400,
        },
    ),
    "title.unclippable": KindInfo(
        "Nothing of a title, or of the titles that a rule speaks of, may be clipped any more.",
        {
            "scope": "title",
            **{name: _MOMENT[name] for name in ("title_id", "title")},
            "territory": None,
            "reason_code": "withdrawn",
        },
    ),
    "statement.ready": KindInfo(
        "A creator's part of a pool is in their account.",
        {
            "statement_id": "019b0b5e-0000-7000-8000-000000000008",
            "pool_id": "019b0b5e-0000-7000-8000-000000000009",
            "period": "2026-11",
            "amount_minor": 48_210,
            "currency": "EUR",
            "creator_id": "019b0b5e-0000-7000-8000-00000000000b",
            "viewer": "viewer-311",
        },
    ),
    "payout.made": KindInfo(
        "A creator was paid.",
        {
            "payout_id": "019b0b5e-0000-7000-8000-00000000000a",
            "amount_minor": 48_210,
            "currency": "EUR",
            "creator_id": "019b0b5e-0000-7000-8000-00000000000b",
            "viewer": "viewer-311",
        },
    ),
    "report.taken": KindInfo(
        "Something was reported, or notice was given of it (`report_kind`): for a moderation tool of yours, which "
        "answers with `POST /v1/verdicts`. Not of what is severe.",
        {
            "report_id": "019b0b5e-0000-7000-8000-00000000000d",
            "report_kind": "report",
            **{name: _DECISION[name] for name in ("subject_kind", "subject_id", "reason_code")},
        },
    ),
    "decision.taken": KindInfo("Something was restricted.", _DECISION),
    "decision.lifted": KindInfo("A restriction was lifted.", _DECISION),
    "notification.made": KindInfo(
        "Something was added to a viewer's inbox; ask `GET /v1/notifications` with their token for what it says.",
        {
            "notification_id": "019b0b5e-0000-7000-8000-00000000000c",
            "notification_kind": "comment",
            "subject_id": _MOMENT["moment_id"],
            "viewer": "viewer-311",
        },
    ),
}
