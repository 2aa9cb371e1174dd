"""The reconciler's own values: keys, facts, worlds, actions, decisions, references, credentials. All pure."""
