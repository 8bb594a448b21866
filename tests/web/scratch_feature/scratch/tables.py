"""Notes."""

from sqlalchemy.orm import Mapped, mapped_column

from groundswell.platform.database import Base, CreatedAt, Id


class Note(Base):
    """A note, and how many words a job counted in it."""

    __tablename__ = "notes"

    id: Mapped[Id]
    text: Mapped[str]
    words: Mapped[int | None]
    heard: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]
