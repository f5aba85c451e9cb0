-- Times are epoch seconds. Ids of users, servers, channels and messages are Discord's; guild 0 means direct messages.

CREATE TABLE pictures (
    sha256     TEXT PRIMARY KEY CHECK (length(sha256) = 64),
    ext        TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    id              INTEGER PRIMARY KEY,
    guild_id        INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    balance         INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0),
    -- The part of the balance that comes from the allowance of allowance_day.
    allowance_left  INTEGER NOT NULL DEFAULT 0 CHECK (allowance_left BETWEEN 0 AND balance),
    allowance_day   TEXT,
    allowance_given INTEGER NOT NULL DEFAULT 0,
    tier            TEXT NOT NULL DEFAULT 'free',
    tier_until      REAL,
    tier_told       REAL,
    created_at      REAL NOT NULL,
    UNIQUE (guild_id, user_id)
) STRICT;
CREATE INDEX accounts_tier_until ON accounts (tier_until) WHERE tier_until IS NOT NULL;

CREATE TABLE tier_changes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    kind       TEXT NOT NULL CHECK (kind IN ('grant', 'revoke', 'expiry')),
    tier       TEXT NOT NULL,
    until      REAL,
    key        TEXT NOT NULL UNIQUE,
    actor_id   INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX tier_changes_account ON tier_changes (account_id, id);
CREATE INDEX tier_changes_actor ON tier_changes (actor_id, created_at) WHERE kind = 'grant';

CREATE TABLE orders (
    id                 TEXT PRIMARY KEY,
    source             TEXT NOT NULL UNIQUE,
    account_id         INTEGER NOT NULL REFERENCES accounts (id),
    channel_id         INTEGER NOT NULL,
    prompt             TEXT NOT NULL,
    token              TEXT,
    token_expires_at   REAL,
    message_id         INTEGER,
    upload_limit       INTEGER NOT NULL,
    -- Whether any picture behind the order was handed in by a person: that limits what may be made of it.
    from_upload        INTEGER NOT NULL CHECK (from_upload IN (0, 1)),
    -- When a message of unknown outcome was first sent.
    sending_since      REAL,
    -- When the user was mentioned because it took long: once.
    mentioned_at       REAL,
    parent_portrait_id INTEGER REFERENCES portraits (id),
    state              TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    created_at         REAL NOT NULL
) STRICT;
CREATE INDEX orders_account ON orders (account_id, created_at);
CREATE INDEX orders_open ON orders (state) WHERE state = 'open';

CREATE TABLE jobs (
    arrival         INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    order_id        TEXT NOT NULL REFERENCES orders (id),
    position        INTEGER NOT NULL,
    model           TEXT NOT NULL,
    provider        TEXT NOT NULL,
    cost_usd_micros INTEGER NOT NULL CHECK (cost_usd_micros >= 0),
    lane            TEXT NOT NULL,
    seed            INTEGER NOT NULL,
    width           INTEGER NOT NULL,
    height          INTEGER NOT NULL,
    steps           INTEGER NOT NULL,
    guidance        REAL NOT NULL,
    price           INTEGER NOT NULL CHECK (price >= 0),
    state           TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'rendered', 'delivered', 'failed', 'cancelled')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    error           TEXT NOT NULL DEFAULT '',
    created_at      REAL NOT NULL,
    started_at      REAL,
    ended_at        REAL,
    UNIQUE (order_id, position)
) STRICT;
CREATE INDEX jobs_spend ON jobs (provider, created_at) WHERE cost_usd_micros > 0;

CREATE TABLE ledger (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id       INTEGER NOT NULL REFERENCES accounts (id),
    kind             TEXT NOT NULL
        CHECK (kind IN ('grant', 'allowance', 'hold', 'settle', 'refund', 'adjust', 'expiry')),
    amount           INTEGER NOT NULL,
    -- The part of the amount that concerns the allowance of allowance_day.
    allowance_amount INTEGER NOT NULL DEFAULT 0,
    allowance_day    TEXT,
    balance_after    INTEGER NOT NULL CHECK (balance_after >= 0),
    job_id           TEXT REFERENCES jobs (id),
    key              TEXT NOT NULL UNIQUE,
    actor_id         INTEGER NOT NULL,
    reason           TEXT NOT NULL DEFAULT '',
    created_at       REAL NOT NULL,
    CHECK (CASE kind
        WHEN 'settle' THEN amount = 0
        WHEN 'hold' THEN amount <= 0
        WHEN 'expiry' THEN amount < 0
        WHEN 'adjust' THEN 1
        ELSE amount >= 0 END),
    CHECK ((kind IN ('hold', 'settle', 'refund')) <= (job_id IS NOT NULL))
) STRICT;
CREATE INDEX ledger_account ON ledger (account_id, id);
CREATE INDEX ledger_grants ON ledger (actor_id, created_at) WHERE kind = 'grant';
CREATE UNIQUE INDEX ledger_hold ON ledger (job_id) WHERE kind = 'hold';
-- A hold ends once: it is spent, or it is given back.
CREATE UNIQUE INDEX ledger_end ON ledger (job_id) WHERE kind IN ('settle', 'refund');

CREATE TRIGGER ledger_keeps_money
BEFORE UPDATE OF id, account_id, kind, amount, allowance_amount, allowance_day, balance_after, job_id, key, created_at
ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_keeps_entries
BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_continues
BEFORE INSERT ON ledger
WHEN NEW.balance_after <> NEW.amount + coalesce(
    (SELECT balance_after FROM ledger WHERE account_id = NEW.account_id ORDER BY id DESC LIMIT 1), 0)
BEGIN
    SELECT RAISE(ABORT, 'a ledger entry must continue from the one before it');
END;

CREATE TRIGGER jobs_settle_when_delivered
BEFORE UPDATE OF state ON jobs
WHEN NEW.state = 'delivered'
    AND NOT EXISTS (SELECT 1 FROM ledger WHERE job_id = NEW.id AND kind = 'settle')
BEGIN
    SELECT RAISE(ABORT, 'a delivered job must be settled');
END;

CREATE TRIGGER jobs_refund_when_ended
BEFORE UPDATE OF state ON jobs
WHEN NEW.state IN ('failed', 'cancelled')
    AND NOT EXISTS (SELECT 1 FROM ledger WHERE job_id = NEW.id AND kind = 'refund')
BEGIN
    SELECT RAISE(ABORT, 'a job that ends without a portrait must be refunded');
END;

CREATE TRIGGER jobs_end_once
BEFORE UPDATE OF state ON jobs
WHEN OLD.state IN ('delivered', 'failed', 'cancelled') AND NEW.state <> OLD.state
BEGIN
    SELECT RAISE(ABORT, 'a job ends once');
END;

CREATE TRIGGER jobs_stay
BEFORE DELETE ON jobs
BEGIN
    SELECT RAISE(ABORT, 'jobs are kept, because the ledger refers to them');
END;

CREATE TABLE portraits (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id      TEXT NOT NULL UNIQUE REFERENCES jobs (id),
    order_id    TEXT NOT NULL REFERENCES orders (id),
    guild_id    INTEGER NOT NULL,
    channel_id  INTEGER NOT NULL,
    message_id  INTEGER,
    user_id     INTEGER NOT NULL,
    -- NULL once the portrait has been deleted.
    sha256      TEXT REFERENCES pictures (sha256),
    width       INTEGER NOT NULL,
    height      INTEGER NOT NULL,
    seed        INTEGER NOT NULL,
    model       TEXT NOT NULL,
    model_title TEXT NOT NULL,
    prompt      TEXT NOT NULL,
    words       TEXT NOT NULL,
    negative    TEXT NOT NULL,
    steps       INTEGER NOT NULL,
    guidance    REAL NOT NULL,
    render_s    REAL NOT NULL,
    note        TEXT NOT NULL,
    parent_id   INTEGER REFERENCES portraits (id),
    created_at  REAL NOT NULL,
    deleted_at  REAL,
    CHECK ((sha256 IS NULL) = (deleted_at IS NOT NULL))
) STRICT;
CREATE INDEX portraits_user ON portraits (user_id, id) WHERE deleted_at IS NULL;
CREATE INDEX portraits_message ON portraits (message_id) WHERE deleted_at IS NULL;
CREATE INDEX portraits_order ON portraits (order_id);
CREATE INDEX portraits_picture ON portraits (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX portraits_age ON portraits (created_at) WHERE deleted_at IS NULL;

CREATE TABLE characters (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL,
    guild_id   INTEGER NOT NULL,
    handle     TEXT NOT NULL COLLATE NOCASE CHECK (length(handle) BETWEEN 1 AND 15),
    version    INTEGER NOT NULL DEFAULT 1,
    created_at REAL NOT NULL,
    UNIQUE (user_id, handle)
) STRICT;

CREATE TABLE character_references (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    character_id INTEGER NOT NULL REFERENCES characters (id) ON DELETE CASCADE,
    version      INTEGER NOT NULL DEFAULT 1,
    position     INTEGER NOT NULL,
    sha256       TEXT NOT NULL REFERENCES pictures (sha256),
    origin       TEXT NOT NULL CHECK (origin IN ('portrait', 'upload')),
    portrait_id  INTEGER REFERENCES portraits (id),
    created_at   REAL NOT NULL,
    UNIQUE (character_id, version, position)
) STRICT;
CREATE INDEX character_references_picture ON character_references (sha256);

-- Reference pictures that an open order needs, whatever happens to their character meanwhile.
CREATE TABLE order_references (
    order_id TEXT NOT NULL REFERENCES orders (id),
    position INTEGER NOT NULL,
    handle   TEXT NOT NULL,
    sha256   TEXT NOT NULL REFERENCES pictures (sha256),
    PRIMARY KEY (order_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_references_picture ON order_references (sha256);

CREATE TABLE servers (
    guild_id       INTEGER PRIMARY KEY,
    studio_role_id INTEGER,
    time_zone      TEXT NOT NULL,
    adult          INTEGER NOT NULL CHECK (adult IN (0, 1)),
    -- One word or phrase a line.
    blocked_words  TEXT NOT NULL,
    allowance      INTEGER CHECK (allowance >= 0),
    updated_at     REAL NOT NULL
) STRICT;

CREATE TABLE server_access (
    guild_id   INTEGER PRIMARY KEY,
    allowed    INTEGER NOT NULL CHECK (allowed IN (0, 1)),
    actor_id   INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;

CREATE TABLE bans (
    guild_id   INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    actor_id   INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (guild_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id   INTEGER NOT NULL,
    actor_id   INTEGER NOT NULL,
    action     TEXT NOT NULL,
    target_id  INTEGER NOT NULL,
    detail     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX audit_guild ON audit (guild_id, id);
CREATE INDEX audit_actor ON audit (actor_id, id);
CREATE INDEX audit_target ON audit (target_id, id);

CREATE TRIGGER audit_keeps_entries
BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_stays_as_written
BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
