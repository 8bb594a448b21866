-- The service's own id of a title was its slug: that is what the address of "Continue watching" ended in.
ALTER TABLE titles ADD COLUMN external_id varchar;
UPDATE titles SET external_id = slug;
ALTER TABLE titles ALTER COLUMN external_id SET NOT NULL;
ALTER TABLE titles ADD CONSTRAINT uq_titles_external_id UNIQUE (external_id);

ALTER TABLE titles ADD COLUMN licences jsonb;
ALTER TABLE titles ADD COLUMN watch jsonb;
ALTER TABLE titles ADD COLUMN withdrawn_at timestamptz;

-- Nothing let anybody say that a title was no live event: false stood there for want of an answer.
ALTER TABLE titles ALTER COLUMN live DROP NOT NULL;
UPDATE titles SET live = NULL WHERE NOT live;

CREATE TABLE catalog_entries (
    title_id uuid NOT NULL,
    hash bytea NOT NULL,
    entry jsonb NOT NULL,
    given_by varchar NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_catalog_entries PRIMARY KEY (title_id),
    CONSTRAINT fk_catalog_entries_title_id_titles FOREIGN KEY (title_id) REFERENCES titles (id)
);

CREATE TABLE catalog_syncs (
    id uuid NOT NULL,
    name varchar NOT NULL,
    source varchar NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    created bigint NOT NULL,
    changed bigint NOT NULL,
    unchanged bigint NOT NULL,
    refused bigint NOT NULL,
    withdrawn bigint NOT NULL,
    problem varchar,
    etag varchar,
    refusals jsonb,
    CONSTRAINT pk_catalog_syncs PRIMARY KEY (id)
);
CREATE INDEX ix_catalog_syncs_name ON catalog_syncs (name, id);
