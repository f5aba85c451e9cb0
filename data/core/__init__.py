"""The database itself: connection, schema, errors, files and locks of the data folder, the audit log.

Every other room of `data` stands on it.
"""
