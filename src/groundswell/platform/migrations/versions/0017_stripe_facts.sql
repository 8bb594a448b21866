CREATE TABLE stripe_invoices (
    id VARCHAR NOT NULL,
    subscription VARCHAR,
    viewer VARCHAR NOT NULL,
    touch VARCHAR,
    code VARCHAR,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason VARCHAR NOT NULL,
    paid_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    free BOOLEAN NOT NULL,
    starts TIMESTAMP WITH TIME ZONE,
    ends TIMESTAMP WITH TIME ZONE,
    settled_as VARCHAR,
    told_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_stripe_invoices PRIMARY KEY (id),
    CONSTRAINT ck_stripe_invoices_settled_as CHECK (settled_as IN ('trial', 'subscription', 'renewal', 'nothing'))
);
CREATE INDEX ix_stripe_invoices_subscription ON stripe_invoices (subscription);
CREATE INDEX ix_stripe_invoices_viewer ON stripe_invoices (viewer);
CREATE INDEX ix_stripe_invoices_waiting ON stripe_invoices (told_at) WHERE settled_as IS NULL;

CREATE TABLE stripe_payments (
    payment VARCHAR NOT NULL,
    invoice VARCHAR NOT NULL,
    CONSTRAINT pk_stripe_payments PRIMARY KEY (payment)
);
CREATE INDEX ix_stripe_payments_invoice ON stripe_payments (invoice);

CREATE TABLE stripe_returns (
    id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    payment VARCHAR,
    invoice VARCHAR,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_stripe_returns PRIMARY KEY (id, kind)
);
CREATE INDEX ix_stripe_returns_payment ON stripe_returns (payment);
CREATE INDEX ix_stripe_returns_invoice ON stripe_returns (invoice);

-- Sales that were reported before these tables were there can be refunded too.
INSERT INTO stripe_invoices (id, viewer, at, reason, paid_minor, currency, free, settled_as)
SELECT substr(c.external_id, 8), v.subject, c.at, 'manual', c.amount_minor, c.currency, false, c.kind
FROM conversions c JOIN viewers v ON v.id = c.viewer_id
WHERE c.external_id LIKE 'stripe:in%' AND c.kind IN ('trial', 'subscription', 'renewal') AND c.amount_minor IS NOT NULL;
