"""What a paid post has to say, by where it is seen. Pure data: the words that each country's authority asks for."""

from collections.abc import Iterable, Mapping

DEFAULT = "#ad"

WORDS: Mapping[str, tuple[str, str]] = {
    "AT": ("Werbung", "§ 26 Mediengesetz; § 6 ECG"),
    "AU": ("#ad", "ACCC, Advertising and selling guide: influencers"),
    "BR": ("#publi", "CONAR, Guia de publicidade por influenciadores digitais"),
    "CA": ("#ad", "Competition Bureau, Deceptive Marketing Practices Digest 4"),
    "CH": ("Werbung", "Art. 3 UWG"),
    "DE": ("Werbung", "§ 5a Abs. 4 UWG; Leitfaden der Medienanstalten"),
    "ES": ("Publicidad", "Real Decreto 444/2024; Código de Autocontrol"),
    "FR": ("Publicité", "Loi n° 2023-451, article 5"),
    "GB": ("#ad", "ASA and CMA, Influencers' guide to making clear that ads are ads"),
    "IE": ("#ad", "CCPC and ASA, Guidance on influencer advertising and marketing"),
    "IT": ("#pubblicità", "AGCOM, Linee-guida influencer; IAP, Digital Chart"),
    "JP": ("PR", "景品表示法 第5条第3号 (2023-10-01)"),
    "NL": ("#advertentie", "Reclamecode Social Media & Influencer Marketing"),
    "PL": ("#reklama", "UOKiK, Rekomendacje dotyczące oznaczania treści reklamowych"),
    "SE": ("Reklam", "Marknadsföringslagen 9 §"),
    "US": ("#ad", "16 CFR Part 255 (FTC Endorsement Guides)"),
}
"""Territory → what the post says, and by which rule."""


def disclosures(territories: Iterable[str] | None) -> list[tuple[str, str, str]]:
    """Territory, words and rule for each of ``territories`` (None: everywhere that has words of its own), in order.

    Where we know of no other words, ``#ad`` is said: a paid post never says nothing.
    """
    wanted = sorted(WORDS) if territories is None else sorted(set(territories))
    return [(each, *WORDS.get(each, (DEFAULT, "Where no other words are known."))) for each in wanted]


def captioned(caption: str, territories: Iterable[str] | None) -> str:
    """A caption with what it must say before all else: each of the words once."""
    words = dict.fromkeys(said for _, said, _ in disclosures(territories)) if territories is not None else [DEFAULT]
    return " ".join([*words, caption]).strip()
