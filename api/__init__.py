"""The HTTP service: routes, schemas, settings and the page."""
