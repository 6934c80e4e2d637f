"""How octets travel: one module for plain sockets, one for asyncio, with the same names and rules."""
