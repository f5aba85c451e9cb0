-- The gallery: links that are exchanged for a session once, and sessions. Of both the hash alone is kept.
CREATE TABLE gallery_links (
    -- One a person: a new link ends the one before.
    user_id    INTEGER PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    guild_id   INTEGER NOT NULL,
    -- Of whoever asked for the link: what the pages are in.
    language   TEXT NOT NULL,
    expires_at REAL NOT NULL
) STRICT;

CREATE TABLE gallery_sessions (
    token_hash TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    guild_id   INTEGER NOT NULL,
    language   TEXT NOT NULL,
    opened_at  REAL NOT NULL,
    expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX gallery_sessions_user ON gallery_sessions (user_id, opened_at);

-- Pages of one person's portraits by model, and of the series that they began.
CREATE INDEX portraits_model ON portraits (user_id, model, id) WHERE deleted_at IS NULL;
CREATE INDEX orders_begun_series ON orders (account_id, created_at) WHERE series_id = id;
