"""The tests of imapkit; `make test` runs them all."""
