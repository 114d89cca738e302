"""Proves the TDS test server by clients that are not ours: `python -m tds_check` starts it and asks them all."""
