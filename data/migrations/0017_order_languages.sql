-- The language in which an order is told of, by Discord's name for it; '' for English and for orders of before.
ALTER TABLE orders ADD COLUMN language TEXT NOT NULL DEFAULT '';
