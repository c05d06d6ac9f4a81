"""Edits: checks of a coded set as a claim scrubber and an auditor make them. They report and never change a code."""
