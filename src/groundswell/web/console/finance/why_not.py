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

BANKS = {
    "AC01": "the account number is wrong",
    "AC04": "the account is closed",
    "AC06": "the account is blocked",
    "AC13": "the account is of the wrong kind",
    "AG01": "transfers are not allowed on this account",
    "AG02": "the bank does not take this kind of transfer",
    "AM04": "there was not enough in our own account",
    "AM05": "the bank takes it for a duplicate",
    "BE04": "the payee’s address is missing",
    "BE05": "the bank does not know who sent it",
    "CUST": "the payee asked for it to go back",
    "DUPL": "the bank takes it for a duplicate",
    "FF01": "the bank could not read the file",
    "FOCR": "it went back as we asked",
    "MD07": "the payee has died",
    "MS02": "the payee refused it",
    "MS03": "the bank gives no reason",
    "RC01": "the bank (BIC) is wrong",
    "RR01": "the sender’s account is missing",
    "RR02": "the sender’s name or address is missing",
    "RR03": "the payee’s name or address is missing",
    "RR04": "the law does not let the bank pay it",
    "account_closed": "Stripe says that the account is closed",
    "account_gone": "the account at Stripe is gone",
    "returned": "the bank sent it back",
    "rejected": "the bank refused it",
}
"""What banks (ISO 20022, external codes for returns and status) and Stripe give as reasons."""


def why_not(code: str) -> str:
    """A code in words; after a bank's reason its own code, which may be asked for there."""
    return f"{BANKS[code]} ({code})" if code in BANKS else WORDS.get(code, code)
