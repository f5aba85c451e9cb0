-- What a review read of a finished portrait, as JSON, and its one figure: kept, so that nothing is measured twice.
CREATE TABLE portrait_reviews (
    portrait_id INTEGER PRIMARY KEY REFERENCES portraits (id) ON DELETE CASCADE,
    overall     REAL NOT NULL CHECK (overall BETWEEN 0 AND 100),
    told        TEXT NOT NULL,
    created_at  REAL NOT NULL
) STRICT;

-- The same figure of an attempt; NULL where it was not reviewed.
ALTER TABLE job_tries ADD COLUMN review REAL CHECK (review BETWEEN 0 AND 100);

-- How many pictures were ordered to have the best of them (0: not so ordered), and whose it is once that was decided:
-- a step that comes twice decides no differently.
ALTER TABLE orders ADD COLUMN best_of INTEGER NOT NULL DEFAULT 0 CHECK (best_of BETWEEN 0 AND 4);
ALTER TABLE orders ADD COLUMN best_job TEXT REFERENCES jobs (id);
