"""What each step of the loop is called on pages, and what exactly it counts."""

LABELS = {
    "share": "Shares",
    "unfurl": "Link previews",
    "click": "Clicks",
    "continue": "Went on to the title",
    "play": "Plays",
    "sign_up": "Sign-ups",
    "trial": "Trials",
    "subscription": "Subscriptions",
    "renewal": "Renewals",
    "refund": "Refunds",
    "cancellation": "Cancellations",
}

_DAYS = "in visitor-days: each visitor once a day, since nobody is known again on the next"

_CREDITED = (
    "reported by the service and credited to shares whose visits within the attribution window came before; "
    "the total is all that were reported"
)

DEFINITIONS = {
    "share": "Shares made: each sending of a moment to one channel; robots' are left out.",
    "unfurl": "Fetches by link-preview robots, which tell where a link was posted. Never counted as clicks.",
    "click": f"People who opened a share's page or its direct link, {_DAYS}; robots are left out.",
    "continue": f"People who pressed the way on from a share's page to the title, {_DAYS}.",
    "play": f"People who played a shared moment, {_DAYS}; robots are left out.",
    "sign_up": f"Sign-ups {_CREDITED}.",
    "trial": f"Trials {_CREDITED}.",
    "subscription": f"First payments {_CREDITED}.",
    "renewal": f"Later payments {_CREDITED}.",
    "refund": f"Refunds {_CREDITED}.",
    "cancellation": f"Cancellations {_CREDITED}.",
}

_IN_CAMPAIGN = "that fall to the campaign's own touches, by the rule fixed when it was made"

IN_CAMPAIGN = {
    "sign_up": f"Sign-ups {_IN_CAMPAIGN}.",
    "trial": f"Trials {_IN_CAMPAIGN}.",
    "subscription": f"First payments {_IN_CAMPAIGN}.",
    "renewal": f"Later payments {_IN_CAMPAIGN}.",
    "refund": f"Refunds {_IN_CAMPAIGN}.",
    "cancellation": f"Cancellations {_IN_CAMPAIGN}.",
}
"""What the credited steps of a campaign count; the others count what they always do, of what belongs to it."""

CYCLE = (
    "Time from a share to a sign-up credited to it by the last-touch model: for half of the period's sign-ups, and for "
    "nine in ten, it was no longer than this."
)
