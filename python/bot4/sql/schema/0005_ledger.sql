-- What a fee was paid in, and what happened to the account without an order of ours.

ALTER TABLE fills ADD COLUMN fee_asset TEXT NOT NULL DEFAULT 'cash';

-- Of events, since this version, of which the same told twice is kept once:
--
--   kind           value
--   transfer       amount and asset; what went out is below 0
--   funding        amount and asset, of the instrument
--   foreign_fill   a trade of the account that no order of ours did
--   rate           an asset, and what one of it is worth in the reporting currency
--   crossed        what two strategies on an instrument traded with each other, in no order
--
-- cash of a fill is the balance of what the instrument is paid in. balances has assets by their
-- names beside instruments: what fees were paid in, what was transferred.
