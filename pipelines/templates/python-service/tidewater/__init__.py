"""The log of a canal lock."""

__version__ = "1.0.0"
