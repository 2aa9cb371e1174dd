"""When a push has a question asked."""

from datetime import datetime, timedelta

from kpack_reconciler.observe.hurry import LAG, SPACING, Hurry
from tests.make import NOW

MOMENT = timedelta(milliseconds=100)


def hurry() -> Hurry[str]:
    """Questions `<repository>/<branch>`."""
    return Hurry(lambda question: question.partition("/")[0])


def is_due(subject: Hurry[str], question: str, now: datetime) -> bool:
    due = subject.due(question, now)
    return due is not None and due <= now


def ask(subject: Hurry[str], *questions: str, now: datetime, news: tuple[str, ...] = ()) -> None:
    subject.begin(questions, now)
    subject.learned(news)
    subject.end(questions, now)


def test_a_push_is_asked_about_at_once() -> None:
    """And only what it concerns."""
    subject = hurry()
    subject.tell(["app/main"], NOW)

    assert is_due(subject, "app/main", NOW)
    assert subject.due("app/other", NOW) is None


def test_a_burst_costs_one_request_now_and_one_at_its_end() -> None:
    """What is pushed after the first request waits until `SPACING` has passed, and then is asked once."""
    subject = hurry()
    subject.tell(["app/main"], NOW)
    ask(subject, "app/main", now=NOW, news=("app/main",))
    for number in range(1, 10):
        subject.tell(["app/main", "app/two"], NOW + MOMENT * number)
        assert not is_due(subject, "app/main", NOW + MOMENT * number)

    assert is_due(subject, "app/main", NOW + SPACING)
    assert is_due(subject, "app/two", NOW + SPACING)
    ask(subject, "app/main", "app/two", now=NOW + SPACING, news=("app/main", "app/two"))
    assert not subject


def test_other_repositories_do_not_wait() -> None:
    """`SPACING` holds for each repository by itself."""
    subject = hurry()
    subject.tell(["app/main"], NOW)
    ask(subject, "app/main", now=NOW, news=("app/main",))
    subject.tell(["web/main"], NOW)

    assert is_due(subject, "web/main", NOW)


def test_a_push_during_a_request_asks_again() -> None:
    """The server may have answered from before it."""
    subject = hurry()
    subject.tell(["app/main"], NOW)
    subject.begin(["app/main"], NOW)
    subject.tell(["app/main"], NOW + MOMENT)
    subject.learned(["app/main"])
    subject.end(["app/main"], NOW + MOMENT * 2)

    assert is_due(subject, "app/main", NOW + SPACING)


def test_an_answer_without_news_is_asked_for_once_more() -> None:
    """After `LAG`, and then no more: the push may have been an old one."""
    subject = hurry()
    subject.tell(["app/main"], NOW)
    ask(subject, "app/main", now=NOW)
    assert not is_due(subject, "app/main", NOW + MOMENT)
    assert is_due(subject, "app/main", NOW + LAG)
    ask(subject, "app/main", now=NOW + LAG)

    assert not subject


def test_what_polling_asks_is_left_to_polling() -> None:
    """Without a push there is no second request."""
    subject = hurry()
    ask(subject, "app/main", now=NOW)

    assert not subject


def test_a_clock_that_was_set_back_delays_nothing() -> None:
    """A time further away than `LAG` is none of ours."""
    subject = hurry()
    subject.tell(["app/main"], NOW)
    ask(subject, "app/main", now=NOW)
    past = NOW - timedelta(hours=1)

    assert is_due(subject, "app/main", past)
    subject.tell(["app/main"], past)
    assert is_due(subject, "app/main", past)


def test_what_nobody_asks_any_more_is_forgotten() -> None:
    """A SourceResolver may go away between push and request."""
    subject = hurry()
    subject.tell(["app/main", "web/main"], NOW)
    subject.keep(["web/main"])

    assert subject.due("app/main", NOW) is None
    assert is_due(subject, "web/main", NOW)
