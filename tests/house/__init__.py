"""Tests about the repository itself: layers, files, generated code, start-up."""
