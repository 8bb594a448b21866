"""Keeps the catalogues of what pages and components say: ``python scripts/messages.py`` after a change of words,
``--check`` to see that nothing is missing.

English is written where it is said: in templates (``_()``, ``ngettext()``), in Python (``marked()``, ``gettext()``), in
``elements/src/messages.ts``, as the titles of the refusals that viewers meet, and as what staff may do. From all of it
come ``web/locale/<language>.po``, to be translated, and from those the components' dictionaries.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from groundswell.accounts.powers import POWERS
from groundswell.trust.grounds import FRAUD, GROUNDS
from groundswell.web.languages import DEFAULT, LANGUAGES, LOCALES
from groundswell.web.reason_codes import reason_codes

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "groundswell"
ELEMENTS = ROOT / "elements" / "src"
REFUSALS = """
    link_forged link_unknown link_revoked link_expired moment_deleted taken_down moment_unknown moment_private
    title_unknown title_not_ready not_found creator_unknown time_unreadable start_not_before_end past_the_end
    caption_too_long share_unknown rate_limited temporarily_unavailable internal_error invalid email_taken
    code_refused report_refused no_membership embed_refused cross_site reminder_unknown too_many_reminders
    render_failed rendering hand_over_invalid hand_over_expired hand_over_spent hand_over_unasked
    sign_in_state_unknown sign_in_too_late return_not_allowed sign_in_refused sign_in_without_role session_ended
    issuer_unreachable issuer_misdescribed issuer_mixed_up sign_in_client_refused sign_in_code_refused
    comment_unknown comment_empty comment_too_long too_many_links comment_repeated
    comments_off not_watched kids_apart person_unknown request_unknown follow_self
    mail_off mail_address_invalid mail_asked_lately notification_unknown push_keys_invalid push_subscription_unknown
    too_many_streams
    decision_unknown appeal_of_appeal appeal_made_already appeal_too_late nothing_to_appeal not_for_copyright
    counter_notice_made_already collection_unknown collection_full collection_circular name_empty too_many_collections
    supercut_needs_two supercut_waits too_many_supercuts supercut_withheld supercut_unknown
    sign_in_nonce_wrong sign_in_audience_wrong sign_in_token_expired sign_in_token_invalid
""".split()
"""Codes of what a page of a viewer or of signing in may refuse."""
METHODS = [("**/console/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "marked": None, "ngettext": (1, 2)}
HEAD = "# Kept complete by scripts/messages.py; what is to be translated has an empty msgstr."
STAMPS = re.compile(r'^"(POT|PO-Rev|Generated|Last-T|Language-Team|Report|Project).*\n', re.MULTILINE)
"""Lines of a catalogue's head that differ from day to day."""
ENTRY = re.compile(r'^  (\w+):\s*"((?:[^"\\]|\\.)*)",$', re.MULTILINE)


def component_messages() -> dict[str, str]:
    """What the components say in English, by key."""
    source = (ELEMENTS / "messages.ts").read_text()
    table = source[source.index("export const english = {") : source.index("\n};")]
    return {key: text.replace('\\"', '"') for key, text in ENTRY.findall(table)}


@cache
def said() -> list[str | tuple[str, str]]:
    """Everything that is said in English; what has a plural as both forms."""
    return list(_said())


def _said() -> Iterator[str | tuple[str, str]]:
    found = extract_from_dir(PACKAGE, METHODS, OPTIONS, KEYWORDS)
    yield from sorted({message for _, _, message, _, _ in found if message}, key=str)
    codes = reason_codes()
    yield from (codes[code][1] for code in REFUSALS)
    yield from (power.what for power in POWERS.values())
    yield from (ground.words for ground in (*GROUNDS.values(), FRAUD))
    yield from component_messages().values()


def updated(language: str) -> Catalog:
    """The catalogue of ``language`` with all that is said, in a steady order; what is no longer said is gone."""
    path = LOCALES / f"{language}.po"
    old = read_po(path.open("rb"), locale=language) if path.exists() else Catalog(locale=language)
    new = Catalog(locale=language, project="Groundswell", charset="utf-8", fuzzy=False, header_comment=HEAD)
    new.mime_headers = [(name, value) for name, value in new.mime_headers if "Date" not in name]
    for id in said():
        known = old.get(id)
        new.add(id, known.string if known else ("",) * new.num_plurals if isinstance(id, tuple) else "")
    return new


def written(catalogue: Catalog) -> str:
    """The catalogue as a file."""
    out = BytesIO()
    write_po(out, catalogue, width=0, sort_output=True)
    return STAMPS.sub("", out.getvalue().decode())


def dictionary(language: str, catalogue: Catalog) -> str:
    """The components' dictionary in ``language``, as TypeScript."""
    rows = []
    for key, english in component_messages().items():
        found = catalogue.get(english)
        text = "" if found is None else found.string if isinstance(found.string, str) else found.string[0]
        rows.append(f'  {key}: "{text.replace(chr(34), chr(92) + chr(34))}",')
    body = "\n".join(rows)
    return (
        "// Written by scripts/messages.py from the catalogue.\n"
        'import type { Messages } from "../messages.ts";\n\n'
        f"const messages: Messages = {{\n{body}\n}};\n\nexport default messages;\n"
    )


def files() -> Iterator[tuple[Path, str]]:
    """Every file that follows from what is said, as it should be."""
    for language in LANGUAGES:
        if language != DEFAULT:
            catalogue = updated(language)
            yield LOCALES / f"{language}.po", written(catalogue)
            yield ELEMENTS / "languages" / f"{language}.ts", dictionary(language, catalogue)


def main() -> None:
    stale = [(path, text) for path, text in files() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        names = [str(path.relative_to(ROOT)) for path, _ in stale]
        sys.exit(f"python scripts/messages.py would change {', '.join(names)}" if names else 0)
    LOCALES.mkdir(exist_ok=True)
    for path, text in stale:
        path.write_text(text)


if __name__ == "__main__":
    main()
