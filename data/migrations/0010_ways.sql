-- How an order's end reached its person, and since when every way to them was found closed. Such an order stays open, its
-- portraits rendered and its credits held, until the person is told with their next command.

ALTER TABLE orders ADD COLUMN delivered_by TEXT
    CHECK (delivered_by IN ('token', 'channel', 'new message', 'direct message', 'portraits'));
ALTER TABLE orders ADD COLUMN unshown_since REAL;
CREATE INDEX orders_unshown ON orders (account_id) WHERE unshown_since IS NOT NULL;
