"""The pytest plugin: a fresh server and a client for any test that asks for them (entry point ``pytest11``).

The rule this file must not break: importing it loads nothing of imapkit, so that a test run which uses no fixture pays nothing.
"""

from __future__ import annotations
