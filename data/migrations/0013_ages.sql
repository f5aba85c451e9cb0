-- What an order asked for of the people in it, with all that lies behind its pictures: how old they are by the words, and
-- how little they wear. JSON that the bot writes and reads, '' for nothing said. It stays when the words are deleted,
-- because what was made of them may not. NULL in rows from before: the bot reads their words at its next start.

ALTER TABLE orders ADD COLUMN people TEXT;
CREATE INDEX orders_unread_people ON orders (created_at) WHERE people IS NULL;
ALTER TABLE character_references ADD COLUMN people TEXT;
ALTER TABLE saved_references ADD COLUMN people TEXT;
-- A picture that comes back is known by its recipe.
CREATE INDEX portraits_seed ON portraits (seed) WHERE deleted_at IS NULL;
-- By the recipe that a handed-in picture carries.
ALTER TABLE handed_in ADD COLUMN people TEXT NOT NULL DEFAULT '';
