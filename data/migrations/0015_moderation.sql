-- What moderators see and act on: orders that a rule refused, faces that may not be used, and where they are told.

-- Orders and pictures that a rule refused. `words` go after some days ('' then, and where there were none), the row with
-- its person.
CREATE TABLE refused_orders (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    audit_id    INTEGER NOT NULL UNIQUE REFERENCES audit (id),
    guild_id    INTEGER NOT NULL,
    user_id     INTEGER NOT NULL,
    rule        TEXT NOT NULL,
    words       TEXT NOT NULL,
    -- Whether it counts towards a cool-down.
    counts      INTEGER NOT NULL CHECK (counts IN (0, 1)),
    created_at  REAL NOT NULL,
    appealed_at REAL,
    settled_at  REAL,
    settled_by  INTEGER NOT NULL DEFAULT 0,
    outcome     TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'released', 'deleted', 'warned', 'banned')),
    CHECK ((settled_at IS NULL) = (outcome = ''))
) STRICT;
CREATE INDEX refused_orders_user ON refused_orders (user_id, guild_id, id);
CREATE INDEX refused_orders_open ON refused_orders (guild_id, id) WHERE settled_at IS NULL;

-- Faces that may not be used in a server; server 0 means everywhere. The embedding is kept here alone.
CREATE TABLE blocked_faces (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id   INTEGER NOT NULL,
    embedding  BLOB NOT NULL,
    -- Which measure the embedding is of: those of different ones are not compared.
    measure    INTEGER NOT NULL,
    actor_id   INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX blocked_faces_guild ON blocked_faces (guild_id, id);
CREATE INDEX blocked_faces_actor ON blocked_faces (actor_id);

-- Reports that moderators have dealt with leave the queue.
ALTER TABLE character_reports ADD COLUMN settled_at REAL;

-- The channel in which moderators are told that something waits for them.
ALTER TABLE servers ADD COLUMN moderation_channel_id INTEGER;
