-- Why a breaker changed. Both are NULL where an event is no breaker's; what was refused or clipped
-- has its reason in value.

-- The word that docs/breakers.md and `bot4 breakers` have for it.
ALTER TABLE events ADD COLUMN reason TEXT;
-- What a person said with it; NULL where nobody said anything.
ALTER TABLE events ADD COLUMN note TEXT;
