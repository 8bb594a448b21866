ALTER TABLE payout_runs DROP CONSTRAINT ck_payout_runs_rail;
ALTER TABLE payout_runs ADD CONSTRAINT ck_payout_runs_rail CHECK (rail IN ('pain.001', 'csv', 'stripe'));
