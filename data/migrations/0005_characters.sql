-- Characters in versions, what was measured of their faces, who is in which order, and how well each try held a face.

-- The server that may use the character besides its owner; NULL: none.
ALTER TABLE characters ADD COLUMN shared_in INTEGER;
ALTER TABLE characters ADD COLUMN description TEXT NOT NULL DEFAULT '';
-- How strongly the model is held to the face; NULL: as the model is set.
ALTER TABLE characters ADD COLUMN scale REAL CHECK (scale BETWEEN 0 AND 1.5);
CREATE UNIQUE INDEX characters_shared ON characters (shared_in, handle) WHERE shared_in IS NOT NULL;

-- The face alone, and what was measured of it by which version of the measure; all NULL when it was not measured.
ALTER TABLE character_references ADD COLUMN crop_sha256 TEXT REFERENCES pictures (sha256);
ALTER TABLE character_references ADD COLUMN embedding BLOB;
ALTER TABLE character_references ADD COLUMN pattern BLOB;
ALTER TABLE character_references ADD COLUMN measure INTEGER;
CREATE INDEX character_references_crop ON character_references (crop_sha256) WHERE crop_sha256 IS NOT NULL;

-- Pinned with the picture, so that a portrait can be judged after its character is gone.
ALTER TABLE order_references ADD COLUMN crop_sha256 TEXT REFERENCES pictures (sha256);
ALTER TABLE order_references ADD COLUMN embedding BLOB;
ALTER TABLE order_references ADD COLUMN pattern BLOB;
ALTER TABLE order_references ADD COLUMN scale REAL;
CREATE INDEX order_references_crop ON order_references (crop_sha256) WHERE crop_sha256 IS NOT NULL;

-- Who is in the portraits of an order: it stays when the order is closed, and goes with the character.
CREATE TABLE order_characters (
    order_id     TEXT NOT NULL REFERENCES orders (id),
    position     INTEGER NOT NULL,
    character_id INTEGER NOT NULL REFERENCES characters (id) ON DELETE CASCADE,
    version      INTEGER NOT NULL,
    PRIMARY KEY (order_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_characters_character ON order_characters (character_id);

-- One rendering of a job: a face that does not hold is tried again with another seed, and one try is delivered.
CREATE TABLE job_tries (
    job_id     TEXT NOT NULL REFERENCES jobs (id),
    number     INTEGER NOT NULL CHECK (number > 0),
    seed       INTEGER NOT NULL,
    -- NULL where faces could not be looked for.
    faces      INTEGER,
    sharp      INTEGER CHECK (sharp IN (0, 1)),
    -- Of its characters the least like, 0 to 100; likenesses has them all as a JSON list, in the order's order.
    likeness   REAL,
    likenesses TEXT NOT NULL,
    copied     INTEGER NOT NULL CHECK (copied IN (0, 1)),
    chosen     INTEGER NOT NULL DEFAULT 0 CHECK (chosen IN (0, 1)),
    created_at REAL NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
