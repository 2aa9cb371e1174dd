"""The contract between the Pulumi side and the reconciler: what both say, and nothing that either does.

Names of groups, kinds, labels and conditions; typed objects as they travel (`wire`, `core`, `dialects`); the neutral
forms that the reconciler decides on (`types`); CRD schemas derived from them (`schema`); and how the reconciler's
processes are started (`process`).

Rules: no I/O, no Pulumi, no asyncio; each module is importable alone.
"""
