"""Checks by programs, and by what single clients alone have."""

PROGRAMS = []
