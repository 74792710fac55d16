"""Contenders that import what only an environment of their own has are not looked into for tests."""

collect_ignore = ["contenders/lightning_trainer.py", "contenders/skorch_net.py"]
