"""Credit in the lake, beside the events."""

from groundswell.events.lake.delta import sealed

CREDITS = sealed(
    "credits",
    {
        "id": "text",
        "at": "instant",
        "created_at": "instant",
        "conversion_id": "text",
        "kind": "text",
        "model": "text",
        "model_version": "integer",
        "touch_id": "text",
        "share_id": "text",
        "moment_id": "text",
        "title_id": "text",
        "sharer_id": "text",
        "channel": "text",
        "weight_ppm": "integer",
        "amount_minor": "integer",
        "currency": "text",
    },
)
