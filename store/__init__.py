"""The store: encounters, suggestions, decisions, coded sets, users and the audit trail in one database."""
