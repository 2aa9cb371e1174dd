"""Git servers, asked for their references over http and ssh. Fetching is the build pod's.

`remote` asks, `references` says what a revision is; `protocol` is the wire format that `http` and `ssh` carry.
"""
