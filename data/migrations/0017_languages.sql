-- The language in which an order is told of, by Discord's name for it; '' for English and for orders of before.
ALTER TABLE orders ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- The language that a server has chosen for what all see; '' for the one of its settings at Discord.
ALTER TABLE servers ADD COLUMN language TEXT NOT NULL DEFAULT '';
