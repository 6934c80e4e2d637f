"""Measurements: imapkit beside other servers and clients on this machine, in one run (`python -m bench`)."""
