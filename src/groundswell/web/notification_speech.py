"""How what is mailed and pushed is said in each language: by the pages' catalogues."""

from groundswell.platform.speech import Speech, speech_of

from .languages import DEFAULT, catalogue, direction, known


@speech_of.answer
async def speech(tag: str) -> Speech:
    """The language of ours that a tag asks for."""
    language = known(tag) or DEFAULT
    said = catalogue(language)
    return Speech(language, direction(language), said.gettext, said.ngettext)
