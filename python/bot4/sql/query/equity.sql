-- What was the account worth, oldest first?
SELECT *
FROM (
    SELECT at, ts, equity, cash, entry, place
    FROM equity_utc
    WHERE (:since_ns IS NULL OR ts >= :since_ns)
        AND (:until_ns IS NULL OR ts < :until_ns)
    ORDER BY entry DESC, place DESC
    LIMIT :last
) AS latest
ORDER BY entry, place;
