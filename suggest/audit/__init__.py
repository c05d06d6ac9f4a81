"""Audit of codes that people assigned, against the notes: what the notes support, what they do not, what is missing."""
