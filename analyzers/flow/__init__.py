"""Data flow: which values that strangers decide reach places where they do harm, and on which way."""
