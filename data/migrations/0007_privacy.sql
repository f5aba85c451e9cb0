-- Consent, reports, and what stays of somebody who has had everything of theirs erased.
-- A mark is a keyed hash (HMAC) whose key is a file beside the database; it cannot be turned back without that file.

-- Questions that were put to one person under buttons, and their answers: kept, because some answers are a consent.
CREATE TABLE questions (
    id          TEXT PRIMARY KEY,
    user_id     INTEGER NOT NULL,
    about       TEXT NOT NULL CHECK (about IN ('right to picture', 'erase')),
    -- Which version of the sentence was shown.
    wording     INTEGER NOT NULL,
    asked_at    REAL NOT NULL,
    answer      TEXT CHECK (answer IN ('yes', 'no')),
    answered_at REAL,
    CHECK ((answer IS NULL) = (answered_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX questions_user ON questions (user_id, about);

CREATE TABLE character_reports (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    character_id INTEGER NOT NULL REFERENCES characters (id) ON DELETE CASCADE,
    guild_id     INTEGER NOT NULL,
    reporter_id  INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    created_at   REAL NOT NULL,
    UNIQUE (character_id, guild_id, reporter_id)
) STRICT;
CREATE INDEX character_reports_guild ON character_reports (guild_id, id);
CREATE INDEX character_reports_reporter ON character_reports (reporter_id);

-- Where a character may not be used; server 0 means everywhere.
CREATE TABLE disabled_characters (
    character_id INTEGER NOT NULL REFERENCES characters (id) ON DELETE CASCADE,
    guild_id     INTEGER NOT NULL,
    actor_id     INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    created_at   REAL NOT NULL,
    PRIMARY KEY (character_id, guild_id)
) STRICT, WITHOUT ROWID;

-- Marks of the disabled characters' pictures, so that saving them again does not help.
CREATE TABLE disabled_pictures (
    mark       TEXT NOT NULL,
    guild_id   INTEGER NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (mark, guild_id)
) STRICT, WITHOUT ROWID;

-- Erasures that were asked for and are not done. Without a user the rows are gone and the files are to be cleaned.
CREATE TABLE erasing (
    id       INTEGER PRIMARY KEY,
    user_id  INTEGER UNIQUE,
    asked_at REAL NOT NULL
) STRICT;

-- Who became whom, until the day's limits have run out. The user is known again once they have come back.
CREATE TABLE erasures (
    pseudonym INTEGER PRIMARY KEY CHECK (pseudonym < 0),
    mark      TEXT NOT NULL,
    user_id   INTEGER,
    erased_at REAL NOT NULL
) STRICT;
CREATE INDEX erasures_mark ON erasures (mark);
CREATE INDEX erasures_user ON erasures (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE erased_bans (
    mark       TEXT NOT NULL,
    guild_id   INTEGER NOT NULL,
    actor_id   INTEGER NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (mark, guild_id)
) STRICT, WITHOUT ROWID;

-- Messages with pictures or prompts of erased people that are still to be deleted on Discord.
CREATE TABLE message_removals (
    message_id INTEGER PRIMARY KEY,
    guild_id   INTEGER NOT NULL,
    channel_id INTEGER NOT NULL
) STRICT;

CREATE INDEX ledger_actor ON ledger (actor_id);
-- Whoever refers to a portrait is looked for when that goes.
CREATE INDEX orders_parent ON orders (parent_portrait_id) WHERE parent_portrait_id IS NOT NULL;
CREATE INDEX portraits_parent ON portraits (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX character_references_portrait ON character_references (portrait_id) WHERE portrait_id IS NOT NULL;

-- Audit and ledger stay append-only but for this: somebody who is being erased becomes their pseudonym.
DROP TRIGGER audit_stays_as_written;

CREATE TRIGGER audit_only_forgets
BEFORE UPDATE ON audit
WHEN NEW.id <> OLD.id OR NEW.guild_id <> OLD.guild_id OR NEW.action <> OLD.action OR NEW.created_at <> OLD.created_at
    OR (NEW.actor_id <> OLD.actor_id AND (OLD.actor_id <= 0
        OR NOT EXISTS (SELECT 1 FROM erasures WHERE pseudonym = NEW.actor_id)))
    OR (NEW.target_id <> OLD.target_id AND (OLD.target_id <= 0
        OR NOT EXISTS (SELECT 1 FROM erasures WHERE pseudonym = NEW.target_id)))
    OR (NEW.detail <> OLD.detail AND (NEW.detail <> '' OR min(NEW.actor_id, NEW.target_id) >= 0))
    OR (NEW.reason <> OLD.reason AND (NEW.reason <> '' OR min(NEW.actor_id, NEW.target_id) >= 0))
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER ledger_only_forgets
BEFORE UPDATE OF actor_id, reason ON ledger
WHEN (NEW.actor_id <> OLD.actor_id AND (OLD.actor_id <= 0
        OR NOT EXISTS (SELECT 1 FROM erasures WHERE pseudonym = NEW.actor_id)))
    OR (NEW.reason <> OLD.reason AND (NEW.reason <> '' OR (NEW.actor_id >= 0
        AND NOT EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id AND user_id < 0))))
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
