"""What is built on client, server and stores: the command line and its verbs."""
