"""One file for each vendor or form of secret, each with a tuple DETECTORS; found by being here.

Examples are written in two pieces, so that this folder holds nothing that a scanner would call a secret.
"""
