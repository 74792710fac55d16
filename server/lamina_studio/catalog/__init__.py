"""The catalogue of layers, losses, metrics, optimizers, schedules and callbacks over HTTP."""
