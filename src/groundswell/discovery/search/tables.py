"""What is said in titles, as it is searched: sentences by their words, and words that typed ones may be slips of."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY, REAL, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base


class SpokenSentence(Base):
    """What is said in a title from ``start_us`` to ``end_us``: a sentence made of subtitle lines, or what stands apart
    in them (a noise, a song). ``words`` has its words and their stems, and the first words of what is said next, so
    that a phrase is found that runs on into it.
    """

    __tablename__ = "spoken_sentences"
    __table_args__ = (
        Index("ix_spoken_sentences_words", "words", postgresql_using="gin", postgresql_with={"fastupdate": "on"}),
    )

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    start_us: Mapped[int]
    end_us: Mapped[int]
    text: Mapped[str]
    words: Mapped[str] = mapped_column(TSVECTOR)


class SpokenWord(Base):
    """A word of the vocabulary, under one of the forms by which slips of it are found (``typos``). Words are only
    added: one that is no longer said finds nothing."""

    __tablename__ = "spoken_words"

    key: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)


class SpokenLanguage(Base):
    """A language of a title whose lines can be searched; ``version`` is that of the rules its words were made by,
    ``meant`` of those that its meanings were (null: it has none)."""

    __tablename__ = "spoken_languages"
    __table_args__ = (Index("ix_spoken_languages_language", "language"),)

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    meant: Mapped[int | None]


class SpokenMeaning(Base):
    """What a sentence means, where search by meaning is on: a point of length 1 among others (``embedding``)."""

    __tablename__ = "spoken_meanings"

    title_id: Mapped[UUID] = mapped_column(ForeignKey("titles.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    meaning: Mapped[list[float]] = mapped_column(ARRAY(REAL))


class UnfoundPhrase(Base):
    """What was searched for on one UTC day and found nothing: its words in small letters, and how often."""

    __tablename__ = "unfound_phrases"

    day: Mapped[date] = mapped_column(primary_key=True)
    words: Mapped[str] = mapped_column(primary_key=True)
    times: Mapped[int]
