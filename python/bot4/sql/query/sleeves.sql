-- Which strategies wanted something, and of which instruments?
SELECT strategy, instrument FROM orders
UNION
SELECT strategy, instrument FROM events
WHERE strategy IS NOT NULL AND instrument IS NOT NULL
ORDER BY strategy, instrument;
