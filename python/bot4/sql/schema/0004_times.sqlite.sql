-- The tables of 0003 with their times as text, as 0002 has those before; SQLite's alone.

CREATE VIEW updates_utc AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', ts / 1000000000, 'unixepoch')
        || printf('.%09dZ', ts % 1000000000) AS at,
    updates.*
FROM updates;
