"""What a notification says in one sentence, in the language of whoever reads it."""

from babel.numbers import format_currency, format_decimal, get_currency_precision

from groundswell.platform.speech import Speech, marked

from .inbox import InboxItem


def sentence(item: InboxItem, speech: Speech) -> str:
    """The sentence: plain text, nothing of which comes from a viewer but names."""
    gettext, ngettext = speech.gettext, speech.ngettext
    said = {"num": format_decimal(item.count, locale=speech.language), "title": item.title or ""}
    said |= {"name": item.name or "", "others": format_decimal(item.others, locale=speech.language)}
    match item.kind:
        case "catching_on":
            text = ngettext(
                "Your moment from %(title)s is catching on: %(num)s play",
                "Your moment from %(title)s is catching on: %(num)s plays",
                item.count,
            )
        case "brought":
            text = ngettext(
                "You shared a moment from %(title)s, and %(num)s person joined",
                "You shared a moment from %(title)s, and %(num)s people joined",
                item.count,
            )
        case "comment" | "reply" | "follower" | "clip":
            text = _of_people(item, speech)
        case "statement":
            text = gettext("Your statement is ready: %(money)s")
        case "payout" if item.state == "returned":
            text = gettext("A payout of %(money)s came back")
        case "payout":
            text = gettext("You were paid %(money)s")
        case "decision" if item.state in _CONTESTED:
            text = gettext(_CONTESTED[item.state])
        case "invitation" if item.name is None:
            text = gettext("You are invited to become a creator")
        case "invitation":
            text = gettext("You are invited to the campaign %(name)s")
        case "decision":
            over = item.state == "lifted"
            decided = _DECISIONS[over].get(item.about or "", _OTHER[over])
            text = gettext(decided)
    if item.amount_minor is not None and item.currency is not None:
        said["money"] = _money(item.amount_minor, item.currency, speech.language)
    return text % said


def _of_people(item: InboxItem, speech: Speech) -> str:
    gettext, ngettext = speech.gettext, speech.ngettext
    if item.name is None:
        match item.kind:
            case "comment":
                return ngettext(
                    "%(num)s comment on your moment from %(title)s",
                    "%(num)s comments on your moment from %(title)s",
                    item.count,
                )
            case "reply":
                return ngettext(
                    "%(num)s answer to your comment on %(title)s",
                    "%(num)s answers to your comment on %(title)s",
                    item.count,
                )
            case "follower":
                return ngettext("%(num)s person follows you", "%(num)s people follow you", item.count)
            case _:
                return gettext("New clips from %(title)s")
    if item.others == 0:
        match item.kind:
            case "comment":
                return gettext("%(name)s commented on your moment from %(title)s")
            case "reply":
                return gettext("%(name)s answered your comment on %(title)s")
            case "follower" if item.state == "requested":
                return gettext("%(name)s wants to follow you")
            case "follower":
                return gettext("%(name)s follows you")
            case _:
                return ngettext("%(name)s clipped %(title)s", "%(name)s clipped %(title)s %(num)s times", item.count)
    match item.kind:
        case "comment":
            return ngettext(
                "%(name)s and %(others)s other commented on your moment from %(title)s",
                "%(name)s and %(others)s others commented on your moment from %(title)s",
                item.others,
            )
        case "reply":
            return ngettext(
                "%(name)s and %(others)s other answered your comment on %(title)s",
                "%(name)s and %(others)s others answered your comment on %(title)s",
                item.others,
            )
        case "follower" if item.state == "requested":
            return ngettext(
                "%(name)s and %(others)s other follow you or want to",
                "%(name)s and %(others)s others follow you or want to",
                item.others,
            )
        case "follower":
            return ngettext(
                "%(name)s and %(others)s other follow you", "%(name)s and %(others)s others follow you", item.others
            )
        case _:
            return ngettext(
                "%(name)s and %(others)s other clipped %(title)s",
                "%(name)s and %(others)s others clipped %(title)s",
                item.others,
            )


_DECISIONS = {
    False: {
        "moment": marked("A moment of yours was restricted"),
        "comment": marked("A comment of yours was restricted"),
        "share": marked("A link of yours was restricted"),
        "earning": marked("Earnings of yours are withheld"),
        "viewer": marked("Your account was restricted"),
    },
    True: {
        "moment": marked("A restriction of a moment of yours was lifted"),
        "comment": marked("A restriction of a comment of yours was lifted"),
        "share": marked("A restriction of a link of yours was lifted"),
        "earning": marked("Earnings of yours are no longer withheld"),
        "viewer": marked("The restriction of your account was lifted"),
    },
}
_CONTESTED = {
    "confirmed": marked("What you contested was looked at again: the decision stands"),
    "reversed": marked("You were right: what you contested was taken back"),
}
_OTHER = {False: marked("Something of yours was restricted"), True: marked("A restriction was lifted")}


def _money(minor: int, currency: str, language: str) -> str:
    return format_currency(minor / 10 ** get_currency_precision(currency), currency, locale=language)
