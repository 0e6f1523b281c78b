-- The readable copy of one run's journal. Plain SQL, for SQLite and PostgreSQL alike.
--
-- Money is decimal text, exactly as the journal has it: cast it where you add it up. Times (ts) are
-- nanoseconds since 1970-01-01 UTC. entry and place say where in the journal a row comes from.
-- Nothing here decides anything: the journal is the truth, and makes all of this again.

CREATE TABLE meta (
    one            BIGINT PRIMARY KEY CHECK (one = 1),
    schema_version BIGINT NOT NULL,
    last_entry     BIGINT NOT NULL, -- of the journal, that is in this copy; 0: none
    start_print    TEXT NOT NULL,   -- fingerprints of the first start and of the last entry: by
    last_print     TEXT NOT NULL    -- them a copy of another journal is known
);

-- One row an order, as it is after last_entry.
CREATE TABLE orders (
    id            TEXT PRIMARY KEY,
    entry         BIGINT NOT NULL,
    place         BIGINT NOT NULL,
    ts            BIGINT NOT NULL,  -- when it was written down, before it was sent
    updated_ts    BIGINT NOT NULL,  -- of the last thing that happened to it
    strategy      TEXT NOT NULL,
    instrument    TEXT NOT NULL,
    side          TEXT NOT NULL,
    size_base     TEXT,             -- one of the two
    size_quote    TEXT,
    "limit"       TEXT,             -- NULL: a market order
    state         TEXT NOT NULL,
    fills         BIGINT NOT NULL,
    filled        TEXT NOT NULL,    -- base units
    notional      TEXT NOT NULL,    -- of what was filled, and its fees, in quote units
    fee           TEXT NOT NULL,
    average_price TEXT              -- rounded to 15 digits; NULL before the first fill
);

CREATE INDEX orders_entry ON orders (entry, place);

CREATE TABLE fills (
    entry      BIGINT NOT NULL,
    place      BIGINT NOT NULL,
    ts         BIGINT NOT NULL,
    order_id   TEXT NOT NULL,
    strategy   TEXT NOT NULL,
    instrument TEXT NOT NULL,
    side       TEXT NOT NULL,
    price      TEXT NOT NULL,
    qty        TEXT NOT NULL,
    notional   TEXT NOT NULL,
    fee        TEXT NOT NULL,
    last       BOOLEAN NOT NULL,    -- nothing of the order was left to fill
    PRIMARY KEY (entry, place)
);

CREATE TABLE equity (
    entry  BIGINT NOT NULL,
    place  BIGINT NOT NULL,
    ts     BIGINT NOT NULL,
    equity TEXT NOT NULL,
    cash   TEXT NOT NULL,
    PRIMARY KEY (entry, place)
);

-- Everything else that was written down.
--
--   kind      value
--   deposit   the amount
--   intent    what the strategy wants
--   refused   why risk said no
--   clipped   the limit that made the order smaller
--   breaker   its state, of the component
--   control   the trading state
--   pause     paused or resumed
--   start     the epoch of the order ids since
CREATE TABLE events (
    entry      BIGINT NOT NULL,
    place      BIGINT NOT NULL,
    ts         BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    strategy   TEXT,
    instrument TEXT,
    component  TEXT,
    value      TEXT,
    PRIMARY KEY (entry, place)
);
