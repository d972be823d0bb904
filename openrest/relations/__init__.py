"""How the resources of an API refer to one another: found, kept and shown."""
