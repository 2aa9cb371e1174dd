"""All that the reconciler has seen: a store for each kind, the facts, and who is concerned when something changes.

Owns the relations between objects, computed from their labels, owners and specs. Leaves the meaning of all of it to
`decide`.

Rules:
- An object that changed concerns itself (kpack's kinds) and whoever reads it in `gather`.
- A Build belongs to an Image by label, as in kpack, unless another object of that name controls it: an Image that was
  deleted and made anew does not inherit the Builds of its predecessor.
"""

from collections.abc import Hashable, Iterable
from datetime import timedelta
from enum import StrEnum

from kpack_api.core import PersistentVolumeClaim, Pod
from kpack_api.names import IMAGE_LABEL
from kpack_api.paces import pace_text, read_pace
from kpack_api.types import Build, Builder, Image, Kind, SourceResolver
from kpack_api.wire import ObjectMeta
from kpack_reconciler.cache.facts import Facts
from kpack_reconciler.cache.store import Store
from kpack_reconciler.cache.turns import Turns
from kpack_reconciler.model.attempts import pod_names
from kpack_reconciler.model.facts import RevisionQuestion
from kpack_reconciler.model.hooks import Pushed
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import revision_question
from kpack_reconciler.model.repository_paths import repository_path
from kpack_reconciler.model.turns import UNLIMITED, Limits

CachedObject = Image | Build | Builder | SourceResolver | Pod | PersistentVolumeClaim


class CoreKind(StrEnum):
    """Kubernetes' own kinds that are cached; they are never looked at, only looked up."""

    POD = "Pod"
    CLAIM = "PersistentVolumeClaim"


class Cache:
    """Stores by kind, facts, and the turns of builds where `limits` say how many may run at once."""

    def __init__(self, limits: Limits = UNLIMITED) -> None:
        self.images: Store[Image] = Store({"builder": _builder_named})
        self.builds: Store[Build] = Store({"image": _image_label})
        self.builders: Store[Builder] = Store()
        self.cluster_builders: Store[Builder] = Store()
        self.source_resolvers: Store[SourceResolver] = Store(
            {"question": _revision_asked, "repository": _repository, "paced": _paced}
        )
        self.pods: Store[Pod] = Store()
        self.claims: Store[PersistentVolumeClaim] = Store()
        self.facts = Facts()
        self.turns = Turns(limits)

    def find(self, key: Key) -> Image | Build | Builder | SourceResolver | None:
        """The object of a key."""
        stores: dict[Kind, Store[Image] | Store[Build] | Store[Builder] | Store[SourceResolver]] = {
            Kind.IMAGE: self.images,
            Kind.BUILD: self.builds,
            Kind.BUILDER: self.builders,
            Kind.CLUSTER_BUILDER: self.cluster_builders,
            Kind.SOURCE_RESOLVER: self.source_resolvers,
        }
        return stores[key.kind].get(key.namespace, key.name)

    def builds_of(self, image: Image) -> tuple[Build, ...]:
        """The Builds of an Image, in no promised order."""
        place = (image.metadata.namespace, image.metadata.name)
        return tuple(build for build in self.builds.find("image", place) if _belongs(build, image))

    def pods_of(self, build: Build) -> tuple[Pod, ...]:
        """The pods that have the names of a Build's attempts, in the attempts' order, whoever controls them."""
        namespace, names = build.metadata.namespace, pod_names(build.metadata.name)
        return tuple(pod for name in names if (pod := self.pods.get(namespace, name)) is not None)

    def images_of(self, builder: Builder) -> tuple[Image, ...]:
        """The Images that name a Builder or ClusterBuilder."""
        return self.images.find("builder", (builder.kind, builder.metadata.namespace, builder.metadata.name))

    def revision_questions(self) -> tuple[RevisionQuestion, ...]:
        """What is asked of git servers, each question once."""
        return tuple(asked for asked in self.source_resolvers.known("question") if isinstance(asked, RevisionQuestion))

    def source_resolvers_asking(self, question: RevisionQuestion) -> tuple[SourceResolver, ...]:
        """The SourceResolvers that this answer is for."""
        return self.source_resolvers.find("question", question)

    def revision_questions_about(self, pushed: Pushed) -> frozenset[RevisionQuestion]:
        """The questions to git servers whose answers a push may have changed."""
        resolvers = (
            resolver for path in pushed.repositories for resolver in self.source_resolvers.find("repository", path)
        )
        asked = (revision_question(resolver) for resolver in resolvers)
        return frozenset(question for question in asked if question is not None and pushed.moves(question.revision))

    def pace(self, question: RevisionQuestion, default: timedelta) -> timedelta | None:
        """How often to ask, the shortest interval of those who do; None where nobody wants it asked again."""
        if not self.source_resolvers.find("paced", question):
            return default
        texts = {pace_text(resolver.metadata.annotations) for resolver in self.source_resolvers_asking(question)}
        paces = (read_pace(text, default) for text in texts)
        return min((pace for pace in paces if pace is not None), default=None)

    def related(self, kind: Kind | CoreKind, value: CachedObject) -> Iterable[Key]:
        """Whom to look at again after `value`, of this kind, appeared, changed or went away."""
        if isinstance(kind, Kind):
            yield Key(kind, value.metadata.namespace, value.metadata.name)
        match value:
            case Build() if label := value.metadata.labels.get(IMAGE_LABEL):
                yield Key(Kind.IMAGE, value.metadata.namespace, label)
            case Builder():
                yield from (_key_of(image.metadata) for image in self.images_of(value))
            case SourceResolver() | Pod() | PersistentVolumeClaim():
                yield from _controller(value.metadata)
            case _:
                return


def _builder_named(image: Image) -> Iterable[Hashable]:
    reference = image.spec.builder
    namespace = image.metadata.namespace if reference.kind == Kind.BUILDER else ""
    yield (reference.kind, namespace, reference.name)


def _revision_asked(resolver: SourceResolver) -> Iterable[Hashable]:
    question = revision_question(resolver)
    return () if question is None else (question,)


def _repository(resolver: SourceResolver) -> Iterable[Hashable]:
    git = resolver.spec.source.git
    return () if git is None else (repository_path(git.url),)


def _paced(resolver: SourceResolver) -> Iterable[Hashable]:
    """The question of a SourceResolver that has an interval of its own."""
    return _revision_asked(resolver) if pace_text(resolver.metadata.annotations) else ()


def _image_label(build: Build) -> Iterable[Hashable]:
    if label := build.metadata.labels.get(IMAGE_LABEL):
        yield (build.metadata.namespace, label)


def _belongs(build: Build, image: Image) -> bool:
    owner = build.metadata.controller
    return owner is None or owner.uid == image.metadata.uid


def _key_of(image: ObjectMeta) -> Key:
    return Key(Kind.IMAGE, image.namespace, image.name)


def _controller(child: ObjectMeta) -> Iterable[Key]:
    owner = child.controller
    if owner is not None and owner.kind in (Kind.IMAGE, Kind.BUILD):
        yield Key(Kind(owner.kind), child.namespace, owner.name)
