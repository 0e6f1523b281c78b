-- Which orders were placed, oldest first, and what became of each?
SELECT *
FROM (
    SELECT
        id, at, ts, updated_at, updated_ts, strategy, instrument, side, size_base, size_quote,
        "limit", state, fills, filled, average_price, notional, fee, entry, place
    FROM orders_utc
    WHERE (:strategy IS NULL OR strategy = :strategy)
        AND (:instrument IS NULL OR instrument = :instrument)
        AND (:since_ns IS NULL OR ts >= :since_ns)
        AND (:until_ns IS NULL OR ts < :until_ns)
    ORDER BY entry DESC, place DESC
    LIMIT :last
) AS latest
ORDER BY entry, place;
