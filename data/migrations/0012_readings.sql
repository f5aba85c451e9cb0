-- An order whose words may have been misread waits until its person has looked at how they were read. It is a quote that
-- asks about the reading instead of the price.

ALTER TABLE quotes ADD COLUMN asks TEXT NOT NULL DEFAULT 'price' CHECK (asks IN ('price', 'reading'));
-- JSON: the words as they were typed, how they were read, and what of them the order does not hold. '' for none.
ALTER TABLE quotes ADD COLUMN typed TEXT NOT NULL DEFAULT '';

-- Whether a server's members are asked.
ALTER TABLE servers ADD COLUMN asks INTEGER NOT NULL DEFAULT 1 CHECK (asks IN (0, 1));

-- Misreadings that somebody gave to the operator, so that the reader learns from them. One for each question.
CREATE TABLE misreadings (
    id         TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    words      TEXT NOT NULL,
    -- Prompts as JSON: how the words were read, and how they should have been, '' where the person did not say.
    understood TEXT NOT NULL,
    meant      TEXT NOT NULL,
    -- Which version of the sentence was agreed to.
    wording    INTEGER NOT NULL,
    created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX misreadings_user ON misreadings (user_id);
