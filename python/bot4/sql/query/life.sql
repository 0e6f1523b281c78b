-- What happened to one order, oldest first: what was wanted before it, what limits made of that, all
-- that was said of it, its fills with the account before and after, and where the journal has it?
WITH placed AS (
    SELECT entry, place, strategy, instrument FROM orders WHERE id = :id
),
wanted AS (
    SELECT events.entry, events.place
    FROM events, placed
    WHERE events.kind = 'intent'
        AND events.strategy = placed.strategy AND events.instrument = placed.instrument
        AND (events.entry, events.place) < (placed.entry, placed.place)
    ORDER BY events.entry DESC, events.place DESC LIMIT 1
),
-- The order before it: what was clipped up to there was clipped of that one.
earlier AS (
    SELECT orders.entry, orders.place
    FROM orders, placed
    WHERE orders.strategy = placed.strategy AND orders.instrument = placed.instrument
        AND (orders.entry, orders.place) < (placed.entry, placed.place)
    ORDER BY orders.entry DESC, orders.place DESC LIMIT 1
),
said AS (
    SELECT
        events.at, events.ts, events.kind, events.value, NULL AS state,
        NULL AS "limit", NULL AS size_base, NULL AS size_quote, NULL AS reserve,
        NULL AS trade, NULL AS price, NULL AS qty, NULL AS notional, NULL AS fee,
        NULL AS position_before, NULL AS position, NULL AS cash_before, NULL AS cash,
        events.entry, events.place
    FROM events_utc AS events, placed, wanted
    WHERE (events.entry, events.place) = (wanted.entry, wanted.place)
        OR (
            events.kind IN ('clipped', 'refused')
            AND events.strategy = placed.strategy AND events.instrument = placed.instrument
            AND (events.entry, events.place) > (wanted.entry, wanted.place)
            AND (events.entry, events.place) < (placed.entry, placed.place)
            AND NOT EXISTS (
                SELECT 1 FROM earlier
                WHERE (events.entry, events.place) < (earlier.entry, earlier.place)
            )
        )
        -- What of it was had from other strategies first.
        OR (
            events.kind = 'crossed' AND events.instrument = placed.instrument
            AND replace(events.value, placed.strategy, '') <> events.value
            AND (events.entry, events.place) > (wanted.entry, wanted.place)
            AND (events.entry, events.place) < (placed.entry, placed.place)
        )
    UNION ALL
    SELECT
        at, ts, kind, value, state, "limit", size_base, size_quote, reserve,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, entry, place
    FROM updates_utc
    WHERE order_id = :id
    UNION ALL
    SELECT
        at, ts, 'fill', side, state, NULL, NULL, NULL, NULL, trade, price, qty, notional, fee,
        position_before, position, cash_before, cash, entry, place
    FROM fills_utc
    WHERE order_id = :id
)
SELECT said.*, entries.event, entries.link
FROM said JOIN entries ON entries.entry = said.entry
ORDER BY said.entry, said.place;
