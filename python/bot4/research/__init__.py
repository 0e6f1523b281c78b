"""Research on history: run a strategy over it, and show honestly what came of that."""
