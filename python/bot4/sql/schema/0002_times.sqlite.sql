-- The tables with their times as text too: at is ISO-8601 in UTC, to the nanosecond.
-- Dates are where dialects part, so this file is SQLite's alone, as its name says.

CREATE VIEW orders_utc AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', ts / 1000000000, 'unixepoch')
        || printf('.%09dZ', ts % 1000000000) AS at,
    strftime('%Y-%m-%dT%H:%M:%S', updated_ts / 1000000000, 'unixepoch')
        || printf('.%09dZ', updated_ts % 1000000000) AS updated_at,
    orders.*
FROM orders;

CREATE VIEW fills_utc AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', ts / 1000000000, 'unixepoch')
        || printf('.%09dZ', ts % 1000000000) AS at,
    fills.*
FROM fills;

CREATE VIEW equity_utc AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', ts / 1000000000, 'unixepoch')
        || printf('.%09dZ', ts % 1000000000) AS at,
    equity.*
FROM equity;

CREATE VIEW events_utc AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%S', ts / 1000000000, 'unixepoch')
        || printf('.%09dZ', ts % 1000000000) AS at,
    events.*
FROM events;
