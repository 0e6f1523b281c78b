"""The past: read from files and tables, checked, or simulated. No network lives here yet."""
