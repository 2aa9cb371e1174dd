"""The processes of the reconciler, put together: the only place where all parts know each other.

Tasks are born here, in task groups: whatever part dies, its process ends, and the kubelet starts a new one.
"""
