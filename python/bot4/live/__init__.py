"""The running bot: one task group around the engine's Run. What it decides is when, never what."""
