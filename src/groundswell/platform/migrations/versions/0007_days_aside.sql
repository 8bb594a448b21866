CREATE TABLE days_aside (
    day date CONSTRAINT pk_days_aside PRIMARY KEY,
    moved_at timestamptz NOT NULL
);
CREATE TABLE clock_marks (
    id bigint CONSTRAINT pk_clock_marks PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
