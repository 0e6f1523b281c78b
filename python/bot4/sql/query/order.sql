-- What is known of one order, and which attempt came after it?
SELECT
    id, at, ts, updated_at, updated_ts, strategy, instrument, side, size_base, size_quote, "limit",
    state, fills, filled, average_price, notional, fee, entry, place, ended, tif, expires_ns,
    post_only, reduce_only, stop, stop_price, trail, held, reserve, replaces,
    (
        SELECT later.id FROM orders AS later
        WHERE later.replaces = orders_utc.id
        ORDER BY later.entry, later.place LIMIT 1
    ) AS replaced_by
FROM orders_utc
WHERE id = :id;
