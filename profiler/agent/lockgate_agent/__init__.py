"""Lockgate inside other programs and hosts."""
