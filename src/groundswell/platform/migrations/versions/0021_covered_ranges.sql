CREATE TABLE covered_ranges (
    title_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    CONSTRAINT pk_covered_ranges PRIMARY KEY (title_id, kind, start_us),
    CONSTRAINT ck_covered_ranges_order CHECK (start_us < end_us),
    CONSTRAINT ck_covered_ranges_kind CHECK (kind IN ('clip', 'window')),
    CONSTRAINT fk_covered_ranges_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);

INSERT INTO covered_ranges (title_id, kind, start_us, end_us)
SELECT title_id, 'clip', lower(span), upper(span) FROM (
    SELECT title_id, unnest(range_agg(int8range(start_us, end_us))) AS span FROM clipped_spans GROUP BY title_id
) united;

INSERT INTO covered_ranges (title_id, kind, start_us, end_us)
SELECT title_id, 'window', lower(span), upper(span) FROM (
    SELECT title_id, unnest(range_agg(int8range(start_us, end_us))) AS span FROM trim_windows GROUP BY title_id
) united;

CREATE INDEX ix_clipped_spans_theirs ON clipped_spans (title_id, viewer_id);
CREATE INDEX ix_trim_windows_theirs ON trim_windows (title_id, viewer_id);
