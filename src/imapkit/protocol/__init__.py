"""What commands and responses are made of, the registry, and both sans-IO connections."""
