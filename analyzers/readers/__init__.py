"""One file for each way of writing settings, each with a READER; found by being here.

Readers look at a text with bounded patterns instead of parsing it: half a file, a template and a file with a mistake hold
secrets too, no input can make them recurse, and every value keeps its place.
"""
