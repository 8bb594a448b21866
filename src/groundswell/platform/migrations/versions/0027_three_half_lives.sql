CREATE OR REPLACE VIEW published_viewers AS SELECT id, created_at FROM viewers;

CREATE OR REPLACE VIEW published_progress AS SELECT viewer_id FROM progress;

DELETE FROM heat_votes;
ALTER TABLE heat_votes
    ADD COLUMN weight DOUBLE PRECISION NOT NULL,
    ADD COLUMN ballot BIGINT NOT NULL,
    ADD COLUMN network BIGINT,
    ADD COLUMN scene_id UUID;
CREATE INDEX ix_heat_votes_ballot ON heat_votes (scene_id, day, kind, ballot, at, event_id);

UPDATE heat_days SET votes = 0, heat_units = 0, quick_units = 0, clicks = 0, plays = 0
WHERE to_regclass('events_' || to_char(day, 'YYYYMMDD')) IS NOT NULL;
UPDATE heat_marks SET snapshot = '1:1:';

DELETE FROM scene_votes;
ALTER TABLE scene_votes
    ADD COLUMN scene_id UUID,
    ADD COLUMN factor DOUBLE PRECISION NOT NULL,
    ADD COLUMN begun_at TIMESTAMP WITH TIME ZONE NOT NULL;
CREATE INDEX ix_scene_votes_lasting ON scene_votes (scene_id);

CREATE TABLE stale_votes (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    title_id UUID NOT NULL,
    moment_id UUID NOT NULL,
    day DATE NOT NULL,
    kind VARCHAR NOT NULL,
    voter BIGINT NOT NULL,
    ballot BIGINT NOT NULL,
    CONSTRAINT pk_stale_votes PRIMARY KEY (id)
);
CREATE INDEX ix_stale_votes_title ON stale_votes (title_id, id);

CREATE TABLE scene_ballots (
    scene_id UUID NOT NULL,
    day DATE NOT NULL,
    kind VARCHAR NOT NULL,
    ballot BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    event_id UUID NOT NULL,
    weight DOUBLE PRECISION NOT NULL,
    established BOOLEAN NOT NULL,
    network BIGINT,
    CONSTRAINT pk_scene_ballots PRIMARY KEY (scene_id, day, kind, ballot)
);
CREATE INDEX ix_scene_ballots_day ON scene_ballots USING brin (day);

CREATE TABLE scene_days (
    scene_id UUID NOT NULL,
    day DATE NOT NULL,
    votes BIGINT NOT NULL,
    quick_units NUMERIC NOT NULL,
    middle_units NUMERIC NOT NULL,
    slow_units NUMERIC NOT NULL,
    CONSTRAINT pk_scene_days PRIMARY KEY (scene_id, day)
);
CREATE INDEX ix_scene_days_day ON scene_days USING brin (day);

-- What stood there until its title is gathered: the old counters, brought to the half-lives of the new.
ALTER TABLE scenes
    ADD COLUMN middle_log DOUBLE PRECISION,
    ADD COLUMN slow_log DOUBLE PRECISION,
    ADD COLUMN begun_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN people BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN networks BIGINT NOT NULL DEFAULT 0;
UPDATE scenes s SET middle_log = s.quick_log, begun_at = m.created_at,
    quick_log = s.quick_log - now_s / 21600 + now_s / 1800, slow_log = s.log_heat - now_s / 86400 + now_s / 259200
FROM moments m, (SELECT extract(epoch FROM now())::float8 AS now_s) clock
WHERE m.id = s.best_moment_id;
ALTER TABLE scenes
    ALTER COLUMN middle_log SET NOT NULL,
    ALTER COLUMN slow_log SET NOT NULL,
    ALTER COLUMN begun_at SET NOT NULL,
    ALTER COLUMN people DROP DEFAULT,
    ALTER COLUMN networks DROP DEFAULT,
    DROP COLUMN log_heat;
CREATE INDEX ix_scenes_quick ON scenes (quick_log DESC, id);
CREATE INDEX ix_scenes_middle ON scenes (middle_log DESC, id);
CREATE INDEX ix_scenes_slow ON scenes (slow_log DESC, id);

INSERT INTO stale_titles (title_id)
SELECT title_id FROM scenes UNION SELECT title_id FROM heat_days ON CONFLICT DO NOTHING;
