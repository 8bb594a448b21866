"""Why somebody is not in a run, or a line of one was not paid: the codes, in words. Pure."""

from groundswell.payouts.requirements import MISSING

WORDS = {
    "below_minimum": "less than the minimum is due",
    "earnings_held": "held while sales may be refunded",
    "earnings_withheld": "withheld by a decision",
    "creator_erased": "the creator was erased",
    "in_a_run": "in a run that waits",
    "payee_changed": "payment details changed after the run was drafted",
    "amount_changed": "another amount than was approved",
    "left_out": "left out by hand",
    "same_person": "the approver funded what it comes from",
    "payee_unreadable": "the payment details cannot be read: they are under another key",
    "payee_missing": "has not said where to be paid",
    "name_unwritable": "the name has no letter that a bank can write",
    "account_missing": "has named no account, nor one at Stripe",
    "bic_missing": "the bank (BIC) is missing",
    "tax_number_missing": "the tax number is missing",
    "born_on_missing": "the day of birth is missing",
    "payee_minor": "under age",
    "w9_missing": "no Form W-9",
    "w8ben_missing": "no Form W-8BEN",
    "tax_form_expired": "the tax form has run out",
    "terms_missing": "has not accepted the terms as they are now",
    "stripe_account_missing": "has no account at Stripe that it may pay",
    "account_returned": "the last payment came back",
}
assert set(MISSING) <= set(WORDS)


def why_not(code: str) -> str:
    """A code in words; a bank's own code as it is."""
    return WORDS.get(code, code)
