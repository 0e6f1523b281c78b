-- What was filled, oldest first?
SELECT *
FROM (
    SELECT
        at, ts, order_id, strategy, instrument, side, price, qty, notional, fee, last, entry, place,
        trade, state, position_before, position, cash_before, cash, fee_asset
    FROM fills_utc
    WHERE (:strategy IS NULL OR strategy = :strategy)
        AND (:instrument IS NULL OR instrument = :instrument)
        AND (:since_ns IS NULL OR ts >= :since_ns)
        AND (:until_ns IS NULL OR ts < :until_ns)
    ORDER BY entry DESC, place DESC
    LIMIT :last
) AS latest
ORDER BY entry, place;
