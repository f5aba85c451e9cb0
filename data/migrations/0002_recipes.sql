-- A style is a named set of slots; a draft is the recipe card that somebody is filling in. Both are prompts as JSON.

CREATE TABLE styles (
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    name       TEXT NOT NULL COLLATE NOCASE,
    prompt     TEXT NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (user_id, name)
) STRICT;

CREATE TABLE drafts (
    id         TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    prompt     TEXT NOT NULL,
    updated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_updated ON drafts (updated_at);
