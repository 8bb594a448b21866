CREATE TABLE trim_windows (
    id uuid CONSTRAINT pk_trim_windows PRIMARY KEY,
    moment_id uuid NOT NULL CONSTRAINT fk_trim_windows_moment_id_moments REFERENCES moments (id),
    viewer_id uuid NOT NULL CONSTRAINT fk_trim_windows_viewer_id_viewers REFERENCES viewers (id),
    title_id uuid NOT NULL CONSTRAINT fk_trim_windows_title_id_titles REFERENCES titles (id),
    start_us bigint NOT NULL,
    end_us bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT uq_trim_windows_moment_id_start_us_end_us UNIQUE (moment_id, start_us, end_us),
    CONSTRAINT ck_trim_windows_order CHECK (start_us < end_us)
);
CREATE INDEX ix_trim_windows_title ON trim_windows (title_id);
CREATE INDEX ix_trim_windows_viewer ON trim_windows (viewer_id, created_at);
