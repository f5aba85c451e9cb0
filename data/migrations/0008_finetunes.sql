-- The fine-tune that a picture was ordered with ('' without one) and its strength, kept with the portrait too.

ALTER TABLE jobs ADD COLUMN fine_tune TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN fine_tune_strength REAL NOT NULL DEFAULT 0;
ALTER TABLE portraits ADD COLUMN fine_tune TEXT NOT NULL DEFAULT '';
ALTER TABLE portraits ADD COLUMN fine_tune_strength REAL NOT NULL DEFAULT 0;
