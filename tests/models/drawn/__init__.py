"""The promise, for any model: hypothesis draws the models, and random values are sent to each."""
