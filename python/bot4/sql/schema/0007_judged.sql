-- How close an order came to each limit as it passed it, with the order counted. Both are NULL where
-- the journal does not tell: it had lost the order, is older than this, or knew other limits.

-- It only made a position smaller, which no cap and no breaker holds back.
ALTER TABLE orders ADD COLUMN reduces BOOLEAN;
-- A JSON object: hundredths of a percent by the name of each limit that was asked.
ALTER TABLE orders ADD COLUMN uses TEXT;
