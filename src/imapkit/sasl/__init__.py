"""SASL (RFC 4422), one file per mechanism, both roles. Pure: no I/O, no clock; nonces come from the caller."""
