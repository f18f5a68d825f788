"""Fine-tuning a model from a user's labelled polygons, in minutes."""
