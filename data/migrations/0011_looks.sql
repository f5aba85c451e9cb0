-- What the portrait that a face was saved from was ordered with of hair, beard and glasses: JSON, '' when it said nothing.

ALTER TABLE character_references ADD COLUMN looks TEXT NOT NULL DEFAULT '';
-- Who the studio takes the person in the picture for, where it is from elsewhere: JSON, '' until it was looked for.
ALTER TABLE character_references ADD COLUMN fitted TEXT NOT NULL DEFAULT '';
-- Pinned with the picture, as what was measured of it is.
ALTER TABLE order_references ADD COLUMN looks TEXT NOT NULL DEFAULT '';
ALTER TABLE order_references ADD COLUMN fitted TEXT NOT NULL DEFAULT '';
