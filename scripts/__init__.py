"""Scripts of the repository: what writes and checks the generated files."""
