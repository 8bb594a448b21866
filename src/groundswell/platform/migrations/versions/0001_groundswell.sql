-- The first shape of every room.

CREATE TABLE idempotency_keys (
    principal VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    request_hash BYTEA NOT NULL,
    status BIGINT,
    body BYTEA,
    media_type VARCHAR,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (principal, key)
);

CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE viewers (
    id UUID NOT NULL,
    issuer VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    handle VARCHAR NOT NULL,
    territory VARCHAR(2),
    kids BOOLEAN NOT NULL,
    ad_tier BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_viewers PRIMARY KEY (id),
    CONSTRAINT uq_viewers_issuer_subject UNIQUE (issuer, subject),
    CONSTRAINT uq_viewers_handle UNIQUE (handle)
);

CREATE TABLE service_keys (
    id UUID NOT NULL,
    name VARCHAR NOT NULL,
    hash BYTEA NOT NULL,
    scopes VARCHAR[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_service_keys PRIMARY KEY (id),
    CONSTRAINT uq_service_keys_hash UNIQUE (hash)
);

CREATE TABLE series (
    id UUID NOT NULL,
    slug VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    synopsis VARCHAR NOT NULL,
    CONSTRAINT pk_series PRIMARY KEY (id),
    CONSTRAINT uq_series_slug UNIQUE (slug)
);

CREATE TABLE rights_rules (
    id UUID NOT NULL,
    scope VARCHAR NOT NULL,
    scope_key VARCHAR NOT NULL,
    territory VARCHAR(2),
    speaks_from TIMESTAMP WITH TIME ZONE,
    speaks_until TIMESTAMP WITH TIME ZONE,
    sharing BOOLEAN,
    min_clip_us BIGINT,
    max_clip_us BIGINT,
    title_total_us BIGINT,
    title_total_percent BIGINT,
    viewer_total_us BIGINT,
    viewer_total_percent BIGINT,
    ending_percent BIGINT,
    ending_days BIGINT,
    kids BOOLEAN,
    kids_ratings VARCHAR[],
    ratings_off VARCHAR[],
    ad_tier BOOLEAN,
    live BOOLEAN,
    public_playback BOOLEAN,
    download BOOLEAN,
    targets VARCHAR[],
    captions BOOLEAN,
    opens_at TIMESTAMP WITH TIME ZONE,
    closes_at TIMESTAMP WITH TIME ZONE,
    blocked_ranges JSONB,
    note VARCHAR NOT NULL,
    updated_by VARCHAR NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_rights_rules PRIMARY KEY (id),
    CONSTRAINT ck_rights_rules_scope CHECK (scope IN ('all', 'series', 'season', 'title')),
    CONSTRAINT ck_rights_rules_clip_length CHECK (min_clip_us <= max_clip_us),
    CONSTRAINT ck_rights_rules_window CHECK (opens_at < closes_at),
    CONSTRAINT ck_rights_rules_speaks CHECK (speaks_from < speaks_until),
    CONSTRAINT ck_rights_rules_title_total CHECK (num_nonnulls(title_total_us, title_total_percent) <= 1),
    CONSTRAINT ck_rights_rules_viewer_total CHECK (num_nonnulls(viewer_total_us, viewer_total_percent) <= 1)
);

CREATE UNIQUE INDEX uq_rights_rules_place ON rights_rules (scope, scope_key, territory, speaks_from, speaks_until) NULLS NOT DISTINCT;

CREATE INDEX ix_rights_rules_closes ON rights_rules (closes_at) WHERE closes_at IS NOT NULL;

CREATE TABLE decisions (
    id UUID NOT NULL,
    subject_kind VARCHAR NOT NULL,
    subject_id UUID NOT NULL,
    action VARCHAR NOT NULL,
    reason_code VARCHAR NOT NULL,
    explanation VARCHAR NOT NULL,
    decided_by VARCHAR NOT NULL,
    rule VARCHAR,
    evidence JSONB,
    appeal VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    lifted_at TIMESTAMP WITH TIME ZONE,
    lifted_by VARCHAR,
    CONSTRAINT pk_decisions PRIMARY KEY (id),
    CONSTRAINT ck_decisions_action CHECK (action IN ('hide', 'hold', 'demote', 'withhold'))
);

CREATE INDEX ix_decisions_subject ON decisions (subject_kind, subject_id);

CREATE UNIQUE INDEX uq_decisions_live ON decisions (subject_kind, subject_id, action) WHERE lifted_at IS NULL;

CREATE TABLE events (
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    kind VARCHAR NOT NULL,
    share_id UUID,
    moment_id UUID,
    title_id UUID,
    visitor VARCHAR,
    viewer_id UUID,
    channel VARCHAR,
    territory VARCHAR(2),
    amount_minor BIGINT,
    currency VARCHAR(3),
    verdict VARCHAR,
    verdict_reason VARCHAR,
    verdict_rule VARCHAR,
    inputs JSONB,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_events PRIMARY KEY (at, id),
    CONSTRAINT ck_events_kind CHECK (kind IN ('clip', 'share', 'unfurl', 'click', 'continue', 'play', 'sign_up', 'trial', 'subscription', 'renewal', 'refund', 'cancellation', 'churn')),
    CONSTRAINT ck_events_verdict CHECK (verdict IN ('human', 'robot', 'unfurl')),
    CONSTRAINT ck_events_money CHECK ((amount_minor IS NULL) = (currency IS NULL))
)
 PARTITION BY RANGE (at);

CREATE INDEX ix_events_xid ON events (xid);

CREATE INDEX ix_events_moment ON events (moment_id, share_id);

CREATE OR REPLACE FUNCTION events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are only ever appended' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION events_are_append_only();

CREATE TABLE verdicts (
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    traffic VARCHAR,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_verdicts PRIMARY KEY (id),
    CONSTRAINT uq_verdicts_at_event_id_rule UNIQUE (at, event_id, rule),
    CONSTRAINT ck_verdicts_kind CHECK (kind IN ('human', 'robot', 'unfurl')),
    CONSTRAINT ck_verdicts_traffic CHECK (traffic IN ('givt', 'sivt') AND kind = 'robot' OR traffic IS NULL)
);

CREATE INDEX ix_verdicts_xid ON verdicts (xid);

CREATE TABLE visitor_salts (
    day DATE NOT NULL,
    salt BYTEA NOT NULL,
    CONSTRAINT pk_visitor_salts PRIMARY KEY (day)
);

CREATE TABLE lake_seals (
    name VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_lake_seals PRIMARY KEY (name)
);

CREATE TABLE learned_effects (
    id UUID NOT NULL,
    learned_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    paths BIGINT NOT NULL,
    effects JSONB NOT NULL,
    CONSTRAINT pk_learned_effects PRIMARY KEY (id)
);

CREATE INDEX ix_learned_effects_learned_at ON learned_effects (learned_at);

CREATE TABLE kept_reports (
    question VARCHAR NOT NULL,
    answer JSONB NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_kept_reports PRIMARY KEY (question)
);

CREATE INDEX ix_kept_reports_made_at ON kept_reports (made_at);

CREATE TABLE heat_marks (
    name VARCHAR NOT NULL,
    snapshot VARCHAR NOT NULL,
    CONSTRAINT pk_heat_marks PRIMARY KEY (name)
);

CREATE TABLE ledger_accounts (
    id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    owner VARCHAR NOT NULL,
    currency VARCHAR(3) NOT NULL,
    balance_limit VARCHAR NOT NULL,
    debits_minor BIGINT NOT NULL,
    credits_minor BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_ledger_accounts PRIMARY KEY (id),
    CONSTRAINT uq_ledger_accounts_id_currency UNIQUE (id, currency),
    CONSTRAINT uq_ledger_accounts_kind_owner_currency UNIQUE (kind, owner, currency),
    CONSTRAINT ck_ledger_accounts_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_ledger_accounts_totals CHECK (debits_minor >= 0 AND credits_minor >= 0),
    CONSTRAINT ck_ledger_accounts_balance_limit CHECK (balance_limit IN ('none', 'credit', 'debit')),
    CONSTRAINT ck_ledger_accounts_funds CHECK (balance_limit <> 'credit' OR debits_minor <= credits_minor),
    CONSTRAINT ck_ledger_accounts_debt CHECK (balance_limit <> 'debit' OR credits_minor <= debits_minor)
);

CREATE FUNCTION ledger_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.debits_minor <> 0 OR NEW.credits_minor <> 0 THEN
                RAISE EXCEPTION 'an account opens empty' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END IF;
        -- Only the trigger on postings may change an account, and only its totals.
        IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1
           AND (NEW.id, NEW.kind, NEW.owner, NEW.currency, NEW.balance_limit)
             = (OLD.id, OLD.kind, OLD.owner, OLD.currency, OLD.balance_limit) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'account balances change by posting only' USING ERRCODE = 'restrict_violation';
    END $$;

    CREATE TRIGGER ledger_account_guard BEFORE INSERT OR UPDATE OR DELETE ON ledger_accounts
        FOR EACH ROW EXECUTE FUNCTION ledger_account_guard();
    ALTER TABLE ledger_accounts ENABLE ALWAYS TRIGGER ledger_account_guard;

    CREATE FUNCTION ledger_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger is only ever added to' USING ERRCODE = 'restrict_violation';
    END $$;

    CREATE TRIGGER ledger_accounts_stay BEFORE DELETE OR TRUNCATE ON ledger_accounts
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_immutable();
    ALTER TABLE ledger_accounts ENABLE ALWAYS TRIGGER ledger_accounts_stay;

CREATE TABLE pools (
    id UUID NOT NULL,
    period VARCHAR(7) NOT NULL,
    basis VARCHAR NOT NULL,
    rules VARCHAR NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    status VARCHAR NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE,
    snapshot VARCHAR,
    after_snapshot VARCHAR,
    weight BIGINT,
    created_by VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    divided_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_pools PRIMARY KEY (id),
    CONSTRAINT ck_pools_status CHECK (status IN ('funded', 'dividing', 'divided', 'nothing_eligible')),
    CONSTRAINT ck_pools_amount CHECK (amount_minor > 0)
);

CREATE INDEX ix_pools_stream ON pools (period, basis, currency);

CREATE TABLE demo_accounts (
    id UUID NOT NULL,
    subject VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    email VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_demo_accounts PRIMARY KEY (id),
    CONSTRAINT uq_demo_accounts_subject UNIQUE (subject),
    CONSTRAINT uq_demo_accounts_email UNIQUE (email)
);

CREATE TABLE demo_audience (
    seed BIGSERIAL NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_demo_audience PRIMARY KEY (seed)
);

CREATE TABLE titles (
    id UUID NOT NULL,
    slug VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    synopsis VARCHAR NOT NULL,
    series_id UUID,
    season BIGINT,
    episode BIGINT,
    released_on DATE,
    rating VARCHAR,
    live BOOLEAN NOT NULL,
    poster_key VARCHAR,
    backdrop_key VARCHAR,
    accent VARCHAR(7),
    suggestions JSONB,
    current_source_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_titles PRIMARY KEY (id),
    CONSTRAINT uq_titles_series_id_season_episode UNIQUE (series_id, season, episode),
    CONSTRAINT ck_titles_episode CHECK ((series_id IS NULL) = (season IS NULL) AND (series_id IS NULL) = (episode IS NULL)),
    CONSTRAINT uq_titles_slug UNIQUE (slug),
    CONSTRAINT fk_titles_series_id_series FOREIGN KEY(series_id) REFERENCES series (id)
);

CREATE TABLE reports (
    id UUID NOT NULL,
    moment_id UUID NOT NULL,
    reason_code VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    reporter VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    decision_id UUID,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by VARCHAR,
    CONSTRAINT pk_reports PRIMARY KEY (id),
    CONSTRAINT fk_reports_decision_id_decisions FOREIGN KEY(decision_id) REFERENCES decisions (id)
);

CREATE INDEX ix_reports_moment_id ON reports (moment_id);

CREATE UNIQUE INDEX uq_reports_open ON reports (moment_id, reporter) WHERE closed_at IS NULL;

CREATE INDEX ix_reports_reporter ON reports (reporter, created_at);

CREATE TABLE conversions (
    id UUID NOT NULL,
    external_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    viewer_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    amount_minor BIGINT,
    currency VARCHAR(3),
    original_id UUID,
    touch VARCHAR,
    code VARCHAR,
    day BIGINT,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_conversions PRIMARY KEY (id),
    CONSTRAINT ck_conversions_kind CHECK (kind IN ('sign_up', 'trial', 'subscription', 'renewal', 'refund', 'cancellation', 'churn')),
    CONSTRAINT ck_conversions_money CHECK ((amount_minor IS NULL) = (currency IS NULL) AND amount_minor >= 0),
    CONSTRAINT ck_conversions_original CHECK (kind = 'cancellation' OR (kind IN ('refund', 'churn')) = (original_id IS NOT NULL)),
    CONSTRAINT ck_conversions_day CHECK ((kind = 'churn') = (day IS NOT NULL) AND day IN (30, 90)),
    CONSTRAINT uq_conversions_external_id UNIQUE (external_id),
    CONSTRAINT fk_conversions_viewer_id_viewers FOREIGN KEY(viewer_id) REFERENCES viewers (id),
    CONSTRAINT fk_conversions_original_id_conversions FOREIGN KEY(original_id) REFERENCES conversions (id)
);

CREATE INDEX ix_conversions_original_id ON conversions (original_id);

CREATE INDEX ix_conversions_viewer_at ON conversions (viewer_id, at);

CREATE INDEX ix_conversions_at ON conversions (at, id);

CREATE TABLE saved_views (
    id UUID NOT NULL,
    name VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    made_by UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_saved_views PRIMARY KEY (id),
    CONSTRAINT ck_saved_views_name CHECK (name ~ '\S' AND length(name) <= 80),
    CONSTRAINT ck_saved_views_address CHECK (starts_with(address, '/console/') AND length(address) <= 2000),
    CONSTRAINT uq_saved_views_name UNIQUE (name),
    CONSTRAINT fk_saved_views_made_by_viewers FOREIGN KEY(made_by) REFERENCES viewers (id)
);

CREATE TABLE experiments (
    id UUID NOT NULL,
    key VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    hypothesis VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    control_ppm BIGINT NOT NULL,
    minimum_effect DOUBLE PRECISION NOT NULL,
    made_by UUID,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    stopped_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_experiments PRIMARY KEY (id),
    CONSTRAINT ck_experiments_key CHECK (key ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    CONSTRAINT ck_experiments_subject CHECK (subject IN ('sharing', 'landing')),
    CONSTRAINT ck_experiments_unit CHECK (unit IN ('viewer', 'cluster', 'visitor')),
    CONSTRAINT ck_experiments_control CHECK (control_ppm BETWEEN 10000 AND 990000),
    CONSTRAINT ck_experiments_stopped CHECK (stopped_at IS NULL OR stopped_at >= started_at),
    CONSTRAINT uq_experiments_key UNIQUE (key),
    CONSTRAINT fk_experiments_made_by_viewers FOREIGN KEY(made_by) REFERENCES viewers (id)
);

CREATE TABLE campaigns (
    id UUID NOT NULL,
    key VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    begins_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    titles UUID[],
    territories VARCHAR(2)[],
    creators UUID[],
    model VARCHAR NOT NULL,
    model_version BIGINT NOT NULL,
    attribution_window_days BIGINT NOT NULL,
    budget_minor BIGINT,
    currency VARCHAR(3),
    terms VARCHAR NOT NULL,
    created_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_campaigns PRIMARY KEY (id),
    CONSTRAINT ck_campaigns_key CHECK (key ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    CONSTRAINT ck_campaigns_name CHECK (name ~ '\S' AND length(name) <= 120),
    CONSTRAINT ck_campaigns_window CHECK (begins_at < ends_at),
    CONSTRAINT ck_campaigns_attribution CHECK (attribution_window_days BETWEEN 1 AND 365),
    CONSTRAINT ck_campaigns_budget CHECK ((budget_minor IS NULL) = (currency IS NULL) AND budget_minor >= 0),
    CONSTRAINT uq_campaigns_key UNIQUE (key),
    CONSTRAINT fk_campaigns_created_by_viewers FOREIGN KEY(created_by) REFERENCES viewers (id)
);

CREATE OR REPLACE FUNCTION campaigns_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL AND to_jsonb(NEW) - 'ended_at' = to_jsonb(OLD) - 'ended_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a campaign is fixed when it is made; it can only be ended, once'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON campaigns FOR EACH ROW EXECUTE FUNCTION campaigns_stay();

CREATE TABLE creators (
    id UUID NOT NULL,
    viewer_id UUID NOT NULL,
    handle VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    display_name VARCHAR NOT NULL,
    bio VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_creators PRIMARY KEY (id),
    CONSTRAINT ck_creators_handle CHECK (handle ~ '^[a-z0-9][a-z0-9_]{1,29}$'),
    CONSTRAINT ck_creators_code CHECK (code ~ '^[A-Z0-9]{3,16}$'),
    CONSTRAINT uq_creators_viewer_id UNIQUE (viewer_id),
    CONSTRAINT fk_creators_viewer_id_viewers FOREIGN KEY(viewer_id) REFERENCES viewers (id),
    CONSTRAINT uq_creators_handle UNIQUE (handle),
    CONSTRAINT uq_creators_code UNIQUE (code)
);

CREATE TABLE postings (
    id UUID NOT NULL,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    debit_account_id UUID NOT NULL,
    credit_account_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    period VARCHAR(7) NOT NULL,
    reason VARCHAR NOT NULL,
    evidence JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_postings PRIMARY KEY (id),
    CONSTRAINT fk_postings_debit_account_id_currency_ledger_accounts FOREIGN KEY(debit_account_id, currency) REFERENCES ledger_accounts (id, currency),
    CONSTRAINT fk_postings_credit_account_id_currency_ledger_accounts FOREIGN KEY(credit_account_id, currency) REFERENCES ledger_accounts (id, currency),
    CONSTRAINT ck_postings_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_postings_sides CHECK (debit_account_id <> credit_account_id),
    CONSTRAINT ck_postings_period CHECK (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    CONSTRAINT uq_postings_number UNIQUE (number)
);

CREATE INDEX ix_postings_debit ON postings (debit_account_id, number);

CREATE INDEX ix_postings_period ON postings (period);

CREATE INDEX ix_postings_credit ON postings (credit_account_id, number);

CREATE TRIGGER postings_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_immutable();
    ALTER TABLE postings ENABLE ALWAYS TRIGGER postings_stay;

    CREATE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Locked in the order of ids, so that two statements never wait for each other.
        PERFORM 1 FROM ledger_accounts
            WHERE id IN (SELECT debit_account_id FROM fresh UNION SELECT credit_account_id FROM fresh)
            ORDER BY id FOR NO KEY UPDATE;
        UPDATE ledger_accounts a
            SET debits_minor = a.debits_minor + moved.debits, credits_minor = a.credits_minor + moved.credits
            FROM (
                SELECT account_id, sum(debit) AS debits, sum(credit) AS credits FROM (
                    SELECT debit_account_id AS account_id, amount_minor AS debit, 0 AS credit FROM fresh
                    UNION ALL
                    SELECT credit_account_id, 0, amount_minor FROM fresh
                ) sides GROUP BY account_id
            ) moved
            WHERE a.id = moved.account_id;
        RETURN NULL;
    END $$;

    CREATE TRIGGER ledger_apply AFTER INSERT ON postings REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply();
    ALTER TABLE postings ENABLE ALWAYS TRIGGER ledger_apply;

CREATE TABLE demo_subscriptions (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    price_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    refunded_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_demo_subscriptions PRIMARY KEY (id),
    CONSTRAINT ck_demo_subscriptions_price CHECK (price_minor > 0),
    CONSTRAINT fk_demo_subscriptions_account_id_demo_accounts FOREIGN KEY(account_id) REFERENCES demo_accounts (id)
);

CREATE UNIQUE INDEX uq_demo_subscriptions_live ON demo_subscriptions (account_id) WHERE ended_at IS NULL;

CREATE TABLE sources (
    id UUID NOT NULL,
    title_id UUID NOT NULL,
    version BIGINT NOT NULL,
    storage_key VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    size_bytes BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    failure_code VARCHAR,
    duration_us BIGINT,
    width BIGINT,
    height BIGINT,
    frame_rate_num BIGINT,
    frame_rate_den BIGINT,
    index JSONB,
    playback_key VARCHAR,
    playback_type VARCHAR,
    package_key VARCHAR,
    package_refusal VARCHAR,
    copies_play BOOLEAN NOT NULL,
    storyboard_key VARCHAR,
    storyboard JSONB,
    waveform JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_sources PRIMARY KEY (id),
    CONSTRAINT uq_sources_title_id_version UNIQUE (title_id, version),
    CONSTRAINT ck_sources_status CHECK (status IN ('importing', 'ready', 'failed')),
    CONSTRAINT fk_sources_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);

CREATE TABLE lines (
    title_id UUID NOT NULL,
    language VARCHAR NOT NULL,
    number BIGINT NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    text VARCHAR NOT NULL,
    CONSTRAINT pk_lines PRIMARY KEY (title_id, language, number),
    CONSTRAINT ck_lines_order CHECK (start_us < end_us),
    CONSTRAINT fk_lines_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);

CREATE TABLE progress (
    viewer_id UUID NOT NULL,
    title_id UUID NOT NULL,
    position_us BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_progress PRIMARY KEY (viewer_id, title_id),
    CONSTRAINT fk_progress_viewer_id_viewers FOREIGN KEY(viewer_id) REFERENCES viewers (id),
    CONSTRAINT fk_progress_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);

CREATE TABLE exposures (
    experiment_id UUID NOT NULL,
    unit VARCHAR NOT NULL,
    viewer VARCHAR NOT NULL,
    viewer_id UUID,
    arm VARCHAR NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_exposures PRIMARY KEY (experiment_id, unit, viewer),
    CONSTRAINT ck_exposures_arm CHECK (arm IN ('control', 'treatment')),
    CONSTRAINT fk_exposures_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (id),
    CONSTRAINT fk_exposures_viewer_id_viewers FOREIGN KEY(viewer_id) REFERENCES viewers (id)
);

CREATE INDEX ix_exposures_viewer ON exposures (viewer_id, experiment_id);

CREATE INDEX ix_exposures_at ON exposures (experiment_id, at);

CREATE TABLE stale_titles (
    title_id UUID NOT NULL,
    CONSTRAINT pk_stale_titles PRIMARY KEY (title_id),
    CONSTRAINT fk_stale_titles_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);

CREATE TABLE payouts (
    id UUID NOT NULL,
    creator_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reference VARCHAR NOT NULL,
    paid_by VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_payouts PRIMARY KEY (id),
    CONSTRAINT fk_payouts_creator_id_creators FOREIGN KEY(creator_id) REFERENCES creators (id)
);

CREATE INDEX ix_payouts_creator_id ON payouts (creator_id);

CREATE TABLE shots (
    source_id UUID NOT NULL,
    number BIGINT NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    CONSTRAINT pk_shots PRIMARY KEY (source_id, number),
    CONSTRAINT fk_shots_source_id_sources FOREIGN KEY(source_id) REFERENCES sources (id)
);

CREATE TABLE moments (
    id UUID NOT NULL,
    code VARCHAR NOT NULL,
    viewer_id UUID NOT NULL,
    title_id UUID NOT NULL,
    source_id UUID NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    caption VARCHAR NOT NULL,
    visibility VARCHAR NOT NULL,
    spoiler BOOLEAN NOT NULL,
    credit_me BOOLEAN NOT NULL,
    note VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_moments PRIMARY KEY (id),
    CONSTRAINT ck_moments_order CHECK (start_us >= 0 AND start_us < end_us),
    CONSTRAINT ck_moments_visibility CHECK (visibility IN ('private', 'unlisted', 'public')),
    CONSTRAINT ck_moments_caption CHECK (char_length(caption) <= 500),
    CONSTRAINT uq_moments_code UNIQUE (code),
    CONSTRAINT fk_moments_viewer_id_viewers FOREIGN KEY(viewer_id) REFERENCES viewers (id),
    CONSTRAINT fk_moments_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id),
    CONSTRAINT fk_moments_source_id_sources FOREIGN KEY(source_id) REFERENCES sources (id)
);

CREATE INDEX ix_moments_viewer_live ON moments (viewer_id, id);

CREATE INDEX ix_moments_title_span ON moments (title_id, start_us);

CREATE TABLE renditions (
    recipe_hash VARCHAR(64) NOT NULL,
    source_id UUID NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    profile VARCHAR NOT NULL,
    captions VARCHAR,
    card JSONB,
    status VARCHAR NOT NULL,
    progress BIGINT NOT NULL,
    storage_key VARCHAR,
    media_type VARCHAR,
    size_bytes BIGINT,
    result JSONB,
    failure_code VARCHAR,
    failure_words VARCHAR,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    asked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_renditions PRIMARY KEY (recipe_hash),
    CONSTRAINT ck_renditions_status CHECK (status IN ('queued', 'rendering', 'ready', 'failed')),
    CONSTRAINT ck_renditions_ready CHECK ((status = 'ready') = (storage_key IS NOT NULL)),
    CONSTRAINT ck_renditions_failed CHECK ((status = 'failed') = (failure_code IS NOT NULL)),
    CONSTRAINT ck_renditions_progress CHECK (progress BETWEEN 0 AND 1000),
    CONSTRAINT fk_renditions_source_id_sources FOREIGN KEY(source_id) REFERENCES sources (id)
);

CREATE TABLE statements (
    id UUID NOT NULL,
    pool_id UUID NOT NULL,
    creator_id UUID NOT NULL,
    weight BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    posted_at TIMESTAMP WITH TIME ZONE,
    payout_id UUID,
    CONSTRAINT pk_statements PRIMARY KEY (id),
    CONSTRAINT uq_statements_pool_id_creator_id UNIQUE (pool_id, creator_id),
    CONSTRAINT fk_statements_pool_id_pools FOREIGN KEY(pool_id) REFERENCES pools (id),
    CONSTRAINT fk_statements_creator_id_creators FOREIGN KEY(creator_id) REFERENCES creators (id),
    CONSTRAINT fk_statements_payout_id_payouts FOREIGN KEY(payout_id) REFERENCES payouts (id)
);

CREATE INDEX ix_statements_creator ON statements (creator_id, created_at);

CREATE TABLE clipped_spans (
    id UUID NOT NULL,
    moment_id UUID NOT NULL,
    viewer_id UUID NOT NULL,
    title_id UUID NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_clipped_spans PRIMARY KEY (id),
    CONSTRAINT uq_clipped_spans_moment_id_start_us_end_us UNIQUE (moment_id, start_us, end_us),
    CONSTRAINT ck_clipped_spans_order CHECK (start_us < end_us),
    CONSTRAINT fk_clipped_spans_moment_id_moments FOREIGN KEY(moment_id) REFERENCES moments (id),
    CONSTRAINT fk_clipped_spans_viewer_id_viewers FOREIGN KEY(viewer_id) REFERENCES viewers (id),
    CONSTRAINT fk_clipped_spans_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);

CREATE INDEX ix_clipped_spans_title ON clipped_spans (title_id);

CREATE TABLE shares (
    id UUID NOT NULL,
    code VARCHAR NOT NULL,
    moment_id UUID NOT NULL,
    viewer_id UUID,
    channel VARCHAR NOT NULL,
    parent_id UUID,
    root_id UUID NOT NULL,
    generation BIGINT NOT NULL,
    shape VARCHAR DEFAULT 'wide' NOT NULL,
    captions BOOLEAN DEFAULT true NOT NULL,
    spoiler BOOLEAN DEFAULT false NOT NULL,
    credit BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_shares PRIMARY KEY (id),
    CONSTRAINT ck_shares_generation CHECK ((parent_id IS NULL) = (generation = 0)),
    CONSTRAINT ck_shares_root CHECK ((parent_id IS NULL) = (root_id = id)),
    CONSTRAINT ck_shares_shape CHECK (shape IN ('wide', 'vertical', 'square')),
    CONSTRAINT uq_shares_code UNIQUE (code),
    CONSTRAINT fk_shares_moment_id_moments FOREIGN KEY(moment_id) REFERENCES moments (id),
    CONSTRAINT fk_shares_viewer_id_viewers FOREIGN KEY(viewer_id) REFERENCES viewers (id),
    CONSTRAINT fk_shares_parent_id_shares FOREIGN KEY(parent_id) REFERENCES shares (id),
    CONSTRAINT fk_shares_root_id_shares FOREIGN KEY(root_id) REFERENCES shares (id)
);

CREATE INDEX ix_shares_parent_id ON shares (parent_id);

CREATE INDEX ix_shares_viewer_recent ON shares (viewer_id, created_at);

CREATE INDEX ix_shares_root ON shares (root_id, generation);

CREATE INDEX ix_shares_moment_id ON shares (moment_id);

CREATE TABLE reminders (
    id UUID NOT NULL,
    viewer_id UUID NOT NULL,
    share_id UUID NOT NULL,
    moment_id UUID NOT NULL,
    territory VARCHAR(2),
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_reminders PRIMARY KEY (id),
    CONSTRAINT uq_reminders_viewer_id_moment_id UNIQUE (viewer_id, moment_id),
    CONSTRAINT fk_reminders_viewer_id_viewers FOREIGN KEY(viewer_id) REFERENCES viewers (id),
    CONSTRAINT fk_reminders_share_id_shares FOREIGN KEY(share_id) REFERENCES shares (id),
    CONSTRAINT fk_reminders_moment_id_moments FOREIGN KEY(moment_id) REFERENCES moments (id)
);

CREATE TABLE heat_days (
    moment_id UUID NOT NULL,
    day DATE NOT NULL,
    title_id UUID NOT NULL,
    log_heat DOUBLE PRECISION NOT NULL,
    quick_log DOUBLE PRECISION NOT NULL,
    clicks BIGINT NOT NULL,
    plays BIGINT NOT NULL,
    CONSTRAINT pk_heat_days PRIMARY KEY (moment_id, day),
    CONSTRAINT fk_heat_days_moment_id_moments FOREIGN KEY(moment_id) REFERENCES moments (id),
    CONSTRAINT fk_heat_days_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id)
);

CREATE INDEX ix_heat_days_title ON heat_days (title_id, day);

CREATE TABLE scenes (
    id UUID NOT NULL,
    title_id UUID NOT NULL,
    best_moment_id UUID NOT NULL,
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL,
    log_heat DOUBLE PRECISION NOT NULL,
    quick_log DOUBLE PRECISION NOT NULL,
    moments BIGINT NOT NULL,
    sharers BIGINT NOT NULL,
    clicks BIGINT NOT NULL,
    plays BIGINT NOT NULL,
    quote VARCHAR,
    refreshed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_scenes PRIMARY KEY (id),
    CONSTRAINT fk_scenes_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id),
    CONSTRAINT fk_scenes_best_moment_id_moments FOREIGN KEY(best_moment_id) REFERENCES moments (id)
);

CREATE INDEX ix_scenes_title_id ON scenes (title_id);

CREATE INDEX ix_scenes_heat ON scenes (log_heat, id);

CREATE TABLE statement_lines (
    statement_id UUID NOT NULL,
    moment_id UUID NOT NULL,
    weight BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    CONSTRAINT pk_statement_lines PRIMARY KEY (statement_id, moment_id),
    CONSTRAINT fk_statement_lines_statement_id_statements FOREIGN KEY(statement_id) REFERENCES statements (id),
    CONSTRAINT fk_statement_lines_moment_id_moments FOREIGN KEY(moment_id) REFERENCES moments (id)
);

CREATE TABLE touches (
    id UUID NOT NULL,
    viewer_id UUID NOT NULL,
    event_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    share_id UUID,
    sharer_id UUID,
    matched_by VARCHAR NOT NULL,
    bound_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_touches PRIMARY KEY (id),
    CONSTRAINT uq_touches_viewer_id_event_id UNIQUE (viewer_id, event_id),
    CONSTRAINT ck_touches_matched_by CHECK (matched_by IN ('login', 'token', 'referrer', 'cookie', 'code')),
    CONSTRAINT ck_touches_code CHECK ((share_id IS NULL) = (matched_by = 'code')),
    CONSTRAINT ck_touches_sharer CHECK ((sharer_id IS NOT NULL) = (matched_by = 'code')),
    CONSTRAINT fk_touches_viewer_id_viewers FOREIGN KEY(viewer_id) REFERENCES viewers (id),
    CONSTRAINT fk_touches_share_id_shares FOREIGN KEY(share_id) REFERENCES shares (id),
    CONSTRAINT fk_touches_sharer_id_viewers FOREIGN KEY(sharer_id) REFERENCES viewers (id)
);

CREATE INDEX ix_touches_viewer_at ON touches (viewer_id, at);

CREATE INDEX ix_touches_share_id ON touches (share_id);

CREATE TABLE credits (
    id UUID NOT NULL,
    conversion_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    model VARCHAR NOT NULL,
    model_version BIGINT NOT NULL,
    touch_id UUID NOT NULL,
    share_id UUID,
    moment_id UUID,
    title_id UUID,
    sharer_id UUID,
    channel VARCHAR NOT NULL,
    weight_ppm BIGINT NOT NULL,
    amount_minor BIGINT,
    currency VARCHAR(3),
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_credits PRIMARY KEY (id),
    CONSTRAINT uq_credits_conversion_id_model_model_version_touch_id UNIQUE (conversion_id, model, model_version, touch_id),
    CONSTRAINT ck_credits_weight CHECK (weight_ppm BETWEEN 0 AND 1000000),
    CONSTRAINT fk_credits_conversion_id_conversions FOREIGN KEY(conversion_id) REFERENCES conversions (id),
    CONSTRAINT fk_credits_touch_id_touches FOREIGN KEY(touch_id) REFERENCES touches (id),
    CONSTRAINT fk_credits_share_id_shares FOREIGN KEY(share_id) REFERENCES shares (id),
    CONSTRAINT fk_credits_moment_id_moments FOREIGN KEY(moment_id) REFERENCES moments (id),
    CONSTRAINT fk_credits_title_id_titles FOREIGN KEY(title_id) REFERENCES titles (id),
    CONSTRAINT fk_credits_sharer_id_viewers FOREIGN KEY(sharer_id) REFERENCES viewers (id)
);

CREATE INDEX ix_credits_at ON credits (at);

CREATE INDEX ix_credits_sharer_at ON credits (sharer_id, at);

CREATE INDEX ix_credits_moment ON credits (moment_id);

CREATE INDEX ix_credits_xid ON credits (xid);

CREATE INDEX ix_credits_share_id ON credits (share_id);

CREATE OR REPLACE FUNCTION credits_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'credit is never changed; give it anew under another model version'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON credits FOR EACH ROW EXECUTE FUNCTION credits_stay();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON verdicts
    FOR EACH ROW EXECUTE FUNCTION events_are_append_only();

CREATE OR REPLACE FUNCTION link_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('groundswell_links', coalesce(to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0], ''));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER link_changed AFTER UPDATE ON shares FOR EACH ROW EXECUTE FUNCTION link_changed('id');

CREATE OR REPLACE TRIGGER link_changed AFTER UPDATE ON moments FOR EACH ROW EXECUTE FUNCTION link_changed('id');

CREATE OR REPLACE TRIGGER link_changed AFTER UPDATE ON titles FOR EACH ROW EXECUTE FUNCTION link_changed('id');

CREATE OR REPLACE TRIGGER link_changed AFTER INSERT OR UPDATE ON decisions FOR EACH ROW EXECUTE FUNCTION link_changed('subject_id');

CREATE OR REPLACE TRIGGER link_changed AFTER INSERT OR UPDATE OR DELETE ON rights_rules FOR EACH ROW EXECUTE FUNCTION link_changed('all');

CREATE OR REPLACE TRIGGER link_changed AFTER UPDATE ON service_keys FOR EACH ROW EXECUTE FUNCTION link_changed('all');

CREATE OR REPLACE FUNCTION scenes_are_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_titles (title_id) VALUES (NEW.title_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER scenes_are_stale AFTER UPDATE OF start_us, end_us, visibility, deleted_at ON moments
    FOR EACH ROW EXECUTE FUNCTION scenes_are_stale();
