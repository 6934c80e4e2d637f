"""What the features ask of the world, as typing.Protocol only."""
