"""Runs: queue, supervised processes, their event logs, and what they leave behind.

Low to high: `states` `events` `folders` `spool` ← `supervisor` and `trainer` (processes of their
own) ← `tables` ← `repository` `journal` `feed` ← `intake` `follower` `dispatcher` ← `service`
← `routes`. `studio.open_runs` puts the long-lived parts together.
"""
