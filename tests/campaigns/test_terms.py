"""What a term comes to: checked against sums in fractions, rounded down once."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.campaigns.disclosure import captioned, disclosures
from groundswell.campaigns.terms import CampaignTerm, Sale, change, for_plays, for_sale

MINOR = st.integers(0, 10**7)
PPM = st.integers(0, 1_000_000)


@settings(max_examples=60)
@given(MINOR, PPM, MINOR, MINOR, st.sampled_from(["sign_up", "subscription", "renewal"]), st.booleans())
def test_terms_agree_with_fractions(
    amount: int, weight: int, paid: int, refunded: int, kind: str, converted: bool
) -> None:
    sale, part = Sale(kind, weight, paid, refunded, converted), Fraction(weight, 1_000_000)
    standing = Fraction(max(paid - refunded, 0))
    per_sign_up = amount * part if kind == "sign_up" else 0
    per_sale = amount * part * standing / paid if kind == "subscription" and paid else 0
    of_revenue = standing * part * Fraction(weight, 1_000_000) if kind != "sign_up" and converted else 0
    assert for_sale(CampaignTerm("sign_up", amount), sale) == int(per_sign_up)
    assert for_sale(CampaignTerm("subscription", amount), sale) == int(per_sale)
    assert for_sale(CampaignTerm("revenue", share_ppm=weight), sale) == int(of_revenue)
    assert for_plays(CampaignTerm("plays", amount), paid) == int(Fraction(amount * paid, 1000))


@settings(max_examples=60)
@given(st.lists(st.tuples(MINOR, MINOR), max_size=8))
def test_never_more_is_paid_than_it_is_worth_nor_than_there_is_room(steps: list[tuple[int, int]]) -> None:
    wanted = paid = 0
    for worth, room in steps:
        moved = change(worth, wanted, paid, room)
        assert moved <= room
        wanted, paid = worth, paid + moved
        assert 0 <= paid <= wanted


def test_a_paid_post_always_says_so() -> None:
    assert captioned("Look at this.", ["DE", "AT", "GB"]) == "Werbung #ad Look at this."
    assert captioned("Look.", None) == "#ad Look."
    assert disclosures(["ZZ"])[0][1] == "#ad"
    assert {each for each, _, _ in disclosures(None)} >= {"DE", "US", "JP", "FR"}
