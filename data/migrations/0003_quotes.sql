-- A quote is an order that waits for its price to be confirmed. The order it becomes has the source "quote:<id>".

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
    expires_at         REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX quotes_expires ON quotes (expires_at);
