-- Pictures to change, pictures of outfits, places and styles, and series: orders whose pictures differ in one thing.

ALTER TABLE order_references ADD COLUMN role TEXT NOT NULL DEFAULT 'face'
    CHECK (role IN ('face', 'outfit', 'place', 'style'));

-- The picture that an order changes. It is let go when the order is closed; what was to change stays.
CREATE TABLE order_edits (
    order_id TEXT PRIMARY KEY REFERENCES orders (id),
    sha256   TEXT REFERENCES pictures (sha256),
    words    TEXT NOT NULL,
    strength REAL NOT NULL CHECK (strength BETWEEN 0 AND 1)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_edits_picture ON order_edits (sha256) WHERE sha256 IS NOT NULL;

CREATE TABLE saved_references (
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    guild_id   INTEGER NOT NULL,
    handle     TEXT NOT NULL COLLATE NOCASE CHECK (length(handle) BETWEEN 1 AND 15),
    role       TEXT NOT NULL CHECK (role IN ('outfit', 'place', 'style')),
    sha256     TEXT NOT NULL REFERENCES pictures (sha256),
    origin     TEXT NOT NULL CHECK (origin IN ('portrait', 'upload')),
    created_at REAL NOT NULL,
    UNIQUE (user_id, handle)
) STRICT;
CREATE INDEX saved_references_picture ON saved_references (sha256);

-- Pictures that were sent along with a request, until it is an order or its price is not confirmed in time.
CREATE TABLE handed_in (
    id         TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    sha256     TEXT NOT NULL REFERENCES pictures (sha256),
    expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX handed_in_picture ON handed_in (sha256);
CREATE INDEX handed_in_expires ON handed_in (expires_at);

-- What a quote is for besides its words: pictures, and the frames of a series. JSON, '' when there is nothing more.
ALTER TABLE quotes ADD COLUMN more TEXT NOT NULL DEFAULT '';

-- The prompt of this one picture, where it is not that of its order ('').
ALTER TABLE jobs ADD COLUMN prompt TEXT NOT NULL DEFAULT '';

-- A series is called after the order that it began as. `varies` is a slot of the prompt, or 'model'.
CREATE TABLE series (
    id         TEXT PRIMARY KEY,
    varies     TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE orders ADD COLUMN series_id TEXT REFERENCES series (id);
CREATE INDEX orders_series ON orders (series_id) WHERE series_id IS NOT NULL;

-- A frame that is made again has several jobs: the last of them that made a portrait is the one that is shown.
CREATE TABLE series_frames (
    job_id    TEXT PRIMARY KEY REFERENCES jobs (id),
    series_id TEXT NOT NULL REFERENCES series (id),
    number    INTEGER NOT NULL CHECK (number > 0),
    label     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX series_frames_series ON series_frames (series_id, number);
