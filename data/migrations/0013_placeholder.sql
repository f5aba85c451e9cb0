-- Nothing: keeps the numbers in a row until the migration of this number is merged. Delete this file then.
SELECT 1;
