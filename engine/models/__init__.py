"""The networks, their builders and their checkpoints."""
