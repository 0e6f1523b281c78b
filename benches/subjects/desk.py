"""A run as `bot4 run` makes it, until its journal is long: ``desk.py CONFIG RECORDS keep|none``.

It ends as after kill -9: with ``keep`` right before a snapshot would be kept, with ``none`` there
never was one. It prints what it came to.
"""

import json
import os
import sys
from pathlib import Path

from bot4.cli.job import configured_legs
from bot4.config import read_run
from bot4.live.plan import plan
from bot4.live.trading import SNAPSHOT_EVENTS_MAX

EVENTS_AT_ONCE = 10_000
NEVER_NS = 2**62


def main() -> None:
    """Trade, and go without a word to the journal."""
    path, wanted, snapshots = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    config = read_run(path)
    planned = plan(config, configured_legs(config.strategy), path)
    run = planned.engine()
    planned.open(run)
    since = records = entries = 0
    bare = snapshots == "keep"  # there has to be one to go on from
    # The longest way back: the next snapshot is due, and was not kept.
    while records < wanted or since < SNAPSHOT_EVENTS_MAX or bare:
        if since >= SNAPSHOT_EVENTS_MAX and snapshots == "keep":
            run.snapshot()
            since, bare = 0, False
        since += run.advance(NEVER_NS, EVENTS_AT_ONCE)
        while written := run.records(entries, EVENTS_AT_ONCE):
            records, entries = records + len(written), written[-1]["entry"]
    status = run.status()
    found = {key: status[key] for key in ("events", "orders", "fills", "journal")}
    print(json.dumps({**found, "records": records}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
