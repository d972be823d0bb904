"""One module per framework, each answering the contract of ../contract.md.

Every module has ``build(path)``: the path of a seeded SQLite file in, a WSGI or ASGI
application out. ``INTERFACE`` says which of the two it is: ``"wsgi"`` or ``"asgi"``.
"""
