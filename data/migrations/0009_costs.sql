-- What a hosted provider says that it charged for a job, all its tries together, in millionths of a US dollar: NULL when
-- it said nothing, and then the job is taken to cost cost_usd_micros. The last charge is that of provider_ref.

ALTER TABLE jobs ADD COLUMN charged_usd_micros INTEGER;
ALTER TABLE jobs ADD COLUMN last_charge_usd_micros INTEGER NOT NULL DEFAULT 0;

DROP INDEX jobs_spend;
CREATE INDEX jobs_spend ON jobs (provider, created_at) WHERE provider <> 'local';
