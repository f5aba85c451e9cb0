-- What a hosted provider calls the job, or that it was sent there: asked after, and never bought again, after a restart.

ALTER TABLE jobs ADD COLUMN provider_ref TEXT NOT NULL DEFAULT '';
