CREATE TABLE scene_votes (
    moment_id UUID NOT NULL,
    title_id UUID NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    length_us BIGINT NOT NULL,
    log_heat DOUBLE PRECISION NOT NULL,
    quick_log DOUBLE PRECISION NOT NULL,
    clicks BIGINT NOT NULL,
    plays BIGINT NOT NULL,
    public BOOLEAN NOT NULL,
    first_id UUID,
    CONSTRAINT pk_scene_votes PRIMARY KEY (moment_id),
    CONSTRAINT ck_scene_votes_length CHECK (length_us = end_us - start_us AND length_us > 0),
    CONSTRAINT fk_scene_votes_moment_id_moments FOREIGN KEY(moment_id) REFERENCES moments (id),
    CONSTRAINT fk_scene_votes_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);
CREATE INDEX ix_scene_votes_span ON scene_votes (title_id, start_us);
CREATE INDEX ix_scene_votes_length ON scene_votes (title_id, length_us);
CREATE INDEX ix_scene_votes_first ON scene_votes (title_id, start_us) WHERE first_id = moment_id;
CREATE INDEX ix_scene_votes_free ON scene_votes (title_id, log_heat) WHERE first_id IS NULL;
CREATE INDEX ix_scene_votes_scene ON scene_votes (first_id, log_heat);

ALTER TABLE scenes ADD COLUMN first_id UUID, ADD COLUMN sharers_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_scenes_title_span ON scenes (title_id, start_us);
CREATE INDEX ix_scenes_first ON scenes (first_id);
CREATE INDEX ix_scenes_refreshed_at ON scenes (refreshed_at);

CREATE TABLE title_heat (
    title_id UUID NOT NULL,
    width_us BIGINT NOT NULL,
    moments BIGINT NOT NULL,
    refreshed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_title_heat PRIMARY KEY (title_id),
    CONSTRAINT fk_title_heat_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);

CREATE TABLE heat_bins (
    title_id UUID NOT NULL,
    bin BIGINT NOT NULL,
    log_heat DOUBLE PRECISION NOT NULL,
    CONSTRAINT pk_heat_bins PRIMARY KEY (title_id, bin),
    CONSTRAINT fk_heat_bins_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);

CREATE TABLE stale_moments (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    title_id UUID NOT NULL,
    moment_id UUID NOT NULL,
    CONSTRAINT pk_stale_moments PRIMARY KEY (id)
);
CREATE INDEX ix_stale_moments_title ON stale_moments (title_id, id);

CREATE OR REPLACE FUNCTION scenes_are_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_moments (title_id, moment_id) VALUES (NEW.title_id, NEW.id);
    RETURN NULL;
END $$;

-- Scenes of before do not say which moment begins them: they are made anew.
INSERT INTO stale_titles (title_id)
SELECT title_id FROM scenes UNION SELECT title_id FROM heat_days ON CONFLICT DO NOTHING;
