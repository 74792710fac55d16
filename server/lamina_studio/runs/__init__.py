"""Runs: queue, supervised processes, their event logs, and what they leave behind.

Low to high: `states` `numbers` `folders` `spool` ← `supervisor` and `trainer` (processes of their
own) ← `tables` `series` `tail` ← `repository` ← `feed` ← `journal` ← `intake` ← `follower` ←
`dispatcher` ← `service` ← `studio` (puts the long-lived parts together) ← `routes`. `inference`
asks trained models in child processes, `verification` makes sure of their files.
"""
