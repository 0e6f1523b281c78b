-- What a later engine says of orders: their terms, which attempt they replace, what was said of them
-- step by step, and what each fill did to the account.

ALTER TABLE orders ADD COLUMN ended BOOLEAN NOT NULL DEFAULT FALSE;  -- its state is an end
ALTER TABLE orders ADD COLUMN tif TEXT NOT NULL DEFAULT 'gtc';       -- gtc, ioc, fok or gtd
ALTER TABLE orders ADD COLUMN expires_ns BIGINT;                     -- of gtd
ALTER TABLE orders ADD COLUMN post_only BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE orders ADD COLUMN reduce_only BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE orders ADD COLUMN stop TEXT;                             -- stop or take_profit
ALTER TABLE orders ADD COLUMN stop_price TEXT;                       -- that triggers it
ALTER TABLE orders ADD COLUMN trail TEXT;                            -- how far that follows; 0: not
ALTER TABLE orders ADD COLUMN held BOOLEAN NOT NULL DEFAULT FALSE;   -- we watch its trigger
ALTER TABLE orders ADD COLUMN reserve TEXT NOT NULL DEFAULT '0';     -- quote it may use at worst
ALTER TABLE orders ADD COLUMN replaces TEXT;                         -- the id of the attempt before

CREATE INDEX orders_replaces ON orders (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX orders_working ON orders (entry, place) WHERE NOT ended;

-- The account before and after: base units of the instrument, and cash in quote units.
ALTER TABLE fills ADD COLUMN trade TEXT NOT NULL DEFAULT '';         -- the venue's id for it
ALTER TABLE fills ADD COLUMN state TEXT NOT NULL DEFAULT '';         -- of the order, after it
ALTER TABLE fills ADD COLUMN position_before TEXT NOT NULL DEFAULT '0';
ALTER TABLE fills ADD COLUMN position TEXT NOT NULL DEFAULT '0';
ALTER TABLE fills ADD COLUMN cash_before TEXT NOT NULL DEFAULT '0';
ALTER TABLE fills ADD COLUMN cash TEXT NOT NULL DEFAULT '0';

CREATE INDEX fills_order ON fills (order_id);

-- All that was said of orders beside fills, in the order of their lives.
--
--   kind      value                limit, size_base, size_quote, reserve
--   order     its side             as it was placed
--   update    what was said        what it is from then on, where it was amended
--   amend                          what we asked for
--   cum_qty   filled in all, as
--             its venue says
CREATE TABLE updates (
    entry      BIGINT NOT NULL,
    place      BIGINT NOT NULL,
    ts         BIGINT NOT NULL,
    order_id   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    value      TEXT,
    state      TEXT NOT NULL,       -- of the order, after it
    "limit"    TEXT,
    size_base  TEXT,
    size_quote TEXT,
    reserve    TEXT,
    PRIMARY KEY (entry, place)
);

CREATE INDEX updates_order ON updates (order_id);

-- Where in the journal the rows come from: each entry's check hangs on all entries before it.
-- event is how many events of the market were told before.
CREATE TABLE entries (
    entry BIGINT PRIMARY KEY,
    event BIGINT NOT NULL,
    link  TEXT NOT NULL             -- 16 bytes as hexadecimal digits
);

-- What is held after last_entry: base units by instrument, and quote units of 'cash'.
CREATE TABLE balances (
    asset  TEXT PRIMARY KEY,
    amount TEXT NOT NULL
);

-- Of events, since this version: freeze says what cannot be explained, and nothing where that ended;
-- stop and flatten are an operator's.
