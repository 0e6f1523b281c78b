"""Readable copies of a run's journal: tables that anybody can ask. The journal is the engine's."""
