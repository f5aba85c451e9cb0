-- Withheld pictures wait in the moderators' queue: by a number, as all that waits there, and with their entry in the audit.
ALTER TABLE withheld RENAME TO withheld_before;
CREATE TABLE withheld (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- NULL for those of before.
    audit_id   INTEGER UNIQUE REFERENCES audit (id),
    -- NULL for a picture that somebody handed in.
    job_id     TEXT UNIQUE REFERENCES jobs (id),
    order_id   TEXT REFERENCES orders (id),
    guild_id   INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    rule       TEXT NOT NULL,
    -- NULL where the picture could not be looked at.
    score      REAL CHECK (score BETWEEN 0 AND 1),
    scored_by  TEXT NOT NULL,
    -- What was asked for, for moderators alone, for some days.
    words      TEXT NOT NULL,
    -- The file's name in the folder of withheld pictures; '' where the picture was deleted.
    kept       TEXT NOT NULL,
    created_at REAL NOT NULL,
    settled_at REAL,
    -- Who settled it, 0 for nobody yet; and what became of it.
    settled_by INTEGER NOT NULL DEFAULT 0,
    outcome    TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'released', 'deleted', 'warned', 'banned')),
    CHECK ((settled_at IS NULL) = (outcome = ''))
) STRICT;
INSERT INTO withheld (job_id, order_id, guild_id, user_id, rule, score, scored_by, words, kept, created_at, settled_at,
                      settled_by, outcome)
SELECT job_id, order_id, guild_id, user_id, rule, score, scored_by, words, kept, created_at, settled_at, settled_by, outcome
FROM withheld_before ORDER BY created_at, id;
DROP TABLE withheld_before;
CREATE INDEX withheld_open ON withheld (guild_id, id) WHERE settled_at IS NULL;
CREATE INDEX withheld_user ON withheld (user_id);
CREATE INDEX withheld_age ON withheld (created_at) WHERE kept <> '' OR words <> '';

-- An order that names somebody of the operator's list waits until its person has said that they have the right to.
ALTER TABLE quotes RENAME TO quotes_before;
CREATE TABLE quotes (
    id                 TEXT PRIMARY KEY,
    guild_id           INTEGER NOT NULL,
    user_id            INTEGER NOT NULL,
    prompt             TEXT NOT NULL,
    model              TEXT,
    lane               TEXT NOT NULL,
    count              INTEGER NOT NULL CHECK (count > 0),
    parent_portrait_id INTEGER,
    price              INTEGER NOT NULL CHECK (price >= 0),
    state              TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ordered', 'cancelled')),
    created_at         REAL NOT NULL,
    expires_at         REAL NOT NULL,
    more               TEXT NOT NULL DEFAULT '',
    asks               TEXT NOT NULL DEFAULT 'price' CHECK (asks IN ('price', 'reading', 'right')),
    typed              TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
INSERT INTO quotes (id, guild_id, user_id, prompt, model, lane, count, parent_portrait_id, price, state, created_at,
                    expires_at, more, asks, typed)
SELECT id, guild_id, user_id, prompt, model, lane, count, parent_portrait_id, price, state, created_at, expires_at, more,
       asks, typed
FROM quotes_before;
DROP TABLE quotes_before;
CREATE INDEX quotes_expires ON quotes (expires_at);
