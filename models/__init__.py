"""Model bundles: their format, the registry of promoted ones, and how a suggester is put together from one."""
