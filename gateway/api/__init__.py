"""The REST API under `/v1`: one table of routes, which is both what is served and what OpenAPI says.

The Flask application also takes `/in/{connector}` and gives the feed's pages, so that it can stand alone under any WSGI
server.
"""
