"""Which worker answers a wake-up: what each does with one, given what other workers announce."""

import pytest

from django_logtail.control import Server
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.wants import Want
from django_logtail.reader.wake_ups import Load, Serving, Verdict, new_wake_up


class Control(MemoryControl):
    def __init__(self):
        self.now = 1_000.0
        super().__init__(lambda: self.now)
        self.others = []
        self.said = []

    def servers(self, queue):
        return self.others

    def serve_no_more(self, queue, server):
        self.said.append(queue)


@pytest.fixture
def control():
    control = Control()
    control.post("q", [Want("p", "1", "", "box", 1, 0)], [], [])
    return control


def serving(control, named):
    worker = Serving(lambda: control, named, lambda: ["q", "other"])
    worker._host = "web-1"
    return worker


@pytest.mark.parametrize(
    ("named", "is_named"), [(["q"], True), (["other"], False), ([], False), (None, False)]
)
def test_a_worker_is_named_for_the_queues_that_it_was_started_for(control, named, is_named):
    assert serving(control, named).is_named_for("q") is is_named


@pytest.mark.parametrize(
    ("named", "other", "missing", "host"),
    [
        (None, Server("web-2", 1, True), [], "web-2"),
        (None, Server("web-1", 1, True), [], "web-1"),
        (None, Server("web-2", 1, False), ["1"], "web-2"),
        (None, Server("web-2", 1, False), [], ""),
        (None, Server("web-1", 1, False), ["1"], ""),
        (["q"], Server("web-2", 1, True), ["1"], ""),
        (["other"], Server("web-2", 1, True), [], "web-2"),
    ],
)
def test_a_reader_leaves_a_queue_to_who_was_named_for_it_or_has_the_files(
    control, named, other, missing, host
):
    control.others = [other]

    assert serving(control, named).better_host("q", missing) == host


@pytest.mark.parametrize(
    ("named", "others", "passed_on", "verdict"),
    [
        (["q"], [Server("web-2", 1, True)], 0, Verdict.READ),
        (["other"], [], 0, Verdict.DROP),
        (["other"], [Server("web-2", 1, True)], 0, Verdict.DROP),
        (None, [], 0, Verdict.READ),
        (None, [Server("web-2", 1, False)], 0, Verdict.READ),
        (None, [Server("web-2", 1, True)], 0, Verdict.PASS_ON),
        (None, [Server("web-2", 1, True)], 4, Verdict.PASS_ON),
        (None, [Server("web-2", 1, True)], 5, Verdict.DROP),
        (None, [Server("web-2", 1, True)], -1, Verdict.DROP),
    ],
)
def test_files_are_looked_at_by_the_host_that_the_queue_is_for(control, named, others, passed_on, verdict):
    control.others = others

    assert serving(control, named).verdict_on_look("q", passed_on) is verdict


def test_who_was_named_for_the_queue_reads_at_once(control):
    control.others = [Server("web-2", 1, True)]

    assert serving(control, ["q"]).verdict("q", new_wake_up(control, "q"), 0) is Verdict.READ


def test_a_wake_up_for_what_nobody_wants_any_more_is_dropped(control):
    text = new_wake_up(control, "q")
    control.post("q", [], [], ["p|1|"])

    assert serving(control, ["q"]).verdict("q", text, 0) is Verdict.DROP


@pytest.mark.parametrize(
    ("seconds", "passed_on", "verdict"),
    [
        (0.0, 0, Verdict.PASS_ON),
        (9.9, 99, Verdict.PASS_ON),
        (10.1, 0, Verdict.DROP),
        (0.0, 100, Verdict.DROP),
    ],
)
def test_others_pass_it_on_to_the_one_that_was_named_for_ten_seconds_and_a_hundred_times(
    control, caplog, seconds, passed_on, verdict
):
    control.others = [Server("web-2", 1, True)]
    worker = serving(control, None)
    text = new_wake_up(control, "q")
    control.now += seconds

    found = [worker.verdict("q", text, passed_on) for _ in range(2)]

    assert found == [verdict, verdict]
    # asyncio may speak meanwhile of what an earlier test left behind.
    said = [one.getMessage() for one in caplog.records if one.name == "django_logtail.reader.wake_ups"]
    assert len(said) == 1
    assert "it is served by the one on web-2" in said[0]


@pytest.mark.parametrize(("named", "queues"), [(["q"], ["q"]), (None, ["q", "other"])])
def test_a_worker_that_ends_leaves_its_queues_to_others(control, named, queues):
    serving(control, named).stop()

    assert control.said == queues


@pytest.mark.parametrize(
    ("seconds", "ended", "tasks"),
    [(1.9, [], 0), (2.0, [], 2), (60.0, [], 2), (60.0, ["a"], 0), (60.0, ["x"], 2)],
)
def test_a_worker_is_busy_once_tasks_have_kept_all_its_threads_for_two_seconds(seconds, ended, tasks):
    now = [100.0]
    load = Load(2, lambda: now[0])
    load.begin("a")
    now[0] += 10
    load.begin("b")
    for task in ended:
        load.end(task)
    now[0] += seconds

    assert load.tasks == tasks


def test_short_tasks_one_after_another_do_not_make_a_worker_busy():
    now = [100.0]
    load = Load(1, lambda: now[0])
    for task in "abcdef":
        load.begin(task)
        now[0] += 1
        load.end(task)
    load.begin("g")

    assert load.tasks == 0


@pytest.mark.parametrize(
    ("reading", "queues"), [([], ["other", "q"]), (["q"], ["other"]), (["q", "other", "third"], [])]
)
def test_a_busy_worker_says_so_for_each_of_its_queues_without_a_reader_of_its_own(control, reading, queues):
    said = []
    control.say_busy = lambda queue, busy: said.append((queue, busy.host, busy.tasks))
    now = [100.0]
    load = Load(1, lambda: now[0])
    worker = Serving(lambda: control, ["q", "other"], list, load, lambda: reading)
    worker._host = "web-1"
    worker._say_busy()
    load.begin("a")
    now[0] += 2
    worker._say_busy()

    assert sorted(said) == [(queue, "web-1", 1) for queue in queues]
