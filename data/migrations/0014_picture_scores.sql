-- Every picture is looked at before anybody sees it. What a classifier said of a portrait is kept with it: NULL for those
-- of before, and where there was no classifier.
ALTER TABLE portraits ADD COLUMN sexual REAL CHECK (sexual BETWEEN 0 AND 1);
ALTER TABLE portraits ADD COLUMN scored_by TEXT NOT NULL DEFAULT '';
-- It goes out behind a spoiler, wherever it is shown.
ALTER TABLE portraits ADD COLUMN spoiler INTEGER NOT NULL DEFAULT 0 CHECK (spoiler IN (0, 1));

-- Whether a sexual picture may be shown where the order was made, as it was then: a restart decides no differently.
ALTER TABLE orders ADD COLUMN adult_allowed INTEGER NOT NULL DEFAULT 0 CHECK (adult_allowed IN (0, 1));

-- Pictures that nobody was shown, for moderators.
CREATE TABLE withheld (
    id         TEXT PRIMARY KEY,
    -- NULL for a picture that somebody handed in.
    job_id     TEXT UNIQUE REFERENCES jobs (id),
    order_id   TEXT REFERENCES orders (id),
    guild_id   INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    rule       TEXT NOT NULL,
    -- NULL where the picture could not be looked at.
    score      REAL CHECK (score BETWEEN 0 AND 1),
    scored_by  TEXT NOT NULL,
    -- What was asked for, for moderators alone.
    words      TEXT NOT NULL,
    -- The file's name in the folder of withheld pictures; '' where the picture was deleted.
    kept       TEXT NOT NULL,
    created_at REAL NOT NULL,
    settled_at REAL,
    -- Who settled it, 0 for nobody yet; and what became of it.
    settled_by INTEGER NOT NULL DEFAULT 0,
    outcome    TEXT NOT NULL DEFAULT '',
    CHECK ((settled_at IS NULL) = (outcome = ''))
) STRICT, WITHOUT ROWID;
CREATE INDEX withheld_open ON withheld (guild_id, created_at) WHERE settled_at IS NULL;
CREATE INDEX withheld_user ON withheld (user_id);
CREATE INDEX withheld_age ON withheld (created_at) WHERE kept <> '' OR words <> '';
