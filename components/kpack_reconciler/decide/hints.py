"""What a reader can do next about each way to fail: one line each, with the command or the field it takes."""

from kpack_api.names import Step
from kpack_reconciler.model import exit_codes
from kpack_reconciler.model.failures import Reason

_AGAIN = "a new commit, a changed Image or `kpack trigger` builds again"
_HINTS = {
    Reason.PREPARE_FAILED: f"correct what the last line names in the Image or its service account; {_AGAIN}",
    Reason.DETECT_FAILED: f"a buildpack could not look at the source: read its lines in the log; {_AGAIN}",
    Reason.ANALYZE_FAILED: f"the previous image or the run image could not be read: see the last lines; {_AGAIN}",
    Reason.RESTORE_FAILED: f"the cache could not be read: without spec.cacheSize it builds without one; {_AGAIN}",
    Reason.EXPORT_FAILED: f"the image could not be written: check its tags and the registry's room; {_AGAIN}",
    Reason.COMPLETION_FAILED: f"the image was pushed, but what it is could not be read back: see the log; {_AGAIN}",
    Reason.CONTAINER_FAILED: "a container that the cluster adds to pods failed: ask who adds it, then `kpack trigger`",
    Reason.BUILDPACK_FAILED: "a buildpack could not build the application: mend what its lines name, then push",
    Reason.BUILD_STEP_FAILED: f"the build phase failed outside of any buildpack: read its log; {_AGAIN}",
    Reason.INCOMPATIBLE_LIFECYCLE: "lifecycle and buildpacks of the builder do not fit: use a newer builder image",
    Reason.OUT_OF_MEMORY: "raise the memory in the Image's spec.build.resources.limits",
    Reason.DISK_LIMIT_EXCEEDED: "raise or remove the ephemeral-storage limit in the Image's spec.build.resources",
    Reason.STEP_NOT_STARTED: "the builder image lacks what the step runs: use a builder image with a lifecycle",
    Reason.RESULT_UNREADABLE: "is the reconciler's image that of this controller? `kpack trigger` builds again",
    Reason.ACCESS_DENIED: "give the Image's service account a Secret with that right on that host; then `kpack trigger`"
    " builds again",
    Reason.REMOTE_UNAVAILABLE: "see whether that host is up and answers from the nodes; then `kpack trigger`",
    Reason.NODE_LOST: "see `kubectl get nodes`; then `kpack trigger` builds again",
    Reason.POD_DELETED: "somebody or something deleted the pod; `kpack trigger` builds again",
    Reason.POD_REJECTED: "the node had no room or did not fit: see `kubectl describe nodes`; then `kpack trigger`",
    Reason.POD_STOPPED: "see `kubectl describe pod`; then `kpack trigger` builds again",
    Reason.EVICTED: "give the build requests in spec.build.resources, or the cluster more room; then `kpack trigger`",
    Reason.DEADLINE_EXCEEDED: "raise the deadline that the namespace's policy gives pods; then `kpack trigger`",
}
_KILLED = "the step was killed, most often for want of memory: raise spec.build.resources.limits.memory"
_NOTHING_FITS = (
    "no buildpack of the builder knows this source: check spec.source.subPath, and that the builder has a buildpack"
    " for its language"
)
_ARGUMENTS = "the lifecycle does not know its arguments: use another builder image, and report this"


def hint_for(reason: Reason, *, step: str = "", exit_code: int = 0) -> str:
    """What to do about a failure, in one line."""
    if exit_code == exit_codes.KILLED and reason is not Reason.OUT_OF_MEMORY:
        return _KILLED
    if step == Step.DETECT and exit_code in exit_codes.NO_BUILDPACK_FITS:
        return _NOTHING_FITS
    if exit_code == exit_codes.INVALID_ARGUMENTS and step not in {Step.PREPARE, Step.COMPLETION}:
        return _ARGUMENTS
    return _HINTS.get(reason, _AGAIN)
