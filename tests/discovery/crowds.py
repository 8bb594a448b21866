"""Many moments of one title, with their heat, written by the database itself."""

from sqlalchemy import text

from tests.earnings.world import World

FILL = text(
    """
    WITH made AS (
        INSERT INTO moments (id, code, viewer_id, title_id, source_id, start_us, end_us, caption, visibility,
            spoiler, credit_me, note, created_at)
        SELECT gen_random_uuid(), 'crowd' || :seed || '-' || n, :viewer, :title, :source, start_us, start_us + length,
            '', 'public', false, true, '', now()
        FROM (
            SELECT n, (random() * random() * 540)::bigint * 1000000 AS start_us,
                (5 + random() * 40)::bigint * 1000000 AS length
            FROM generate_series(1, :count) n
        ) drawn
        RETURNING id, title_id
    )
    INSERT INTO heat_days (moment_id, day, title_id, votes, heat_units, log_heat, clicks, plays)
    SELECT id, (now() AT TIME ZONE 'UTC')::date, title_id, 3, 1,
        extract(epoch FROM now())::float8 / 86400 + random() * 8, 1, 2
    FROM made
    """
)


async def crowd(world: World, count: int, seed: int = 0) -> None:
    """So many moments of the world's title, more of them in its beginning; each has one day's heat."""
    viewer = await world.viewer("crowd")
    async with world.database.transaction() as session:
        await session.execute(text("SELECT setseed(:seed)"), {"seed": seed / 1000})
        named = {"viewer": viewer, "title": world.title, "source": world.source, "count": count, "seed": str(seed)}
        await session.execute(FILL, named)
