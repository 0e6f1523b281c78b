-- Which orders were placed, oldest first, and what became of each? With the latest go those of before
-- that still work, where :working asks for them.
SELECT
    id, at, ts, updated_at, updated_ts, strategy, instrument, side, size_base, size_quote, "limit",
    state, fills, filled, average_price, notional, fee, entry, place, ended, tif, expires_ns,
    post_only, reduce_only, stop, stop_price, trail, held, reserve, replaces
FROM orders_utc
WHERE id IN (
    SELECT id
    FROM (
        SELECT id
        FROM orders
        WHERE (:strategy IS NULL OR strategy = :strategy)
            AND (:instrument IS NULL OR instrument = :instrument)
            AND (:since_ns IS NULL OR ts >= :since_ns)
            AND (:until_ns IS NULL OR ts < :until_ns)
        ORDER BY entry DESC, place DESC
        LIMIT :last
    ) AS latest
    UNION
    SELECT id
    FROM orders
    WHERE :working AND NOT ended
        AND (:strategy IS NULL OR strategy = :strategy)
        AND (:instrument IS NULL OR instrument = :instrument)
        AND (:since_ns IS NULL OR ts >= :since_ns)
        AND (:until_ns IS NULL OR ts < :until_ns)
)
ORDER BY entry, place;
