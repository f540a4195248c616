"""Threads are started for single tasks."""

from profiler.recommend import Recommendation


class ThreadsStartedPerTask(Recommendation):
    """Starting threads takes a noticeable share of the time; hand the tasks to a pool that stays.

    A thread costs a hundred microseconds and more, and a stack; an executor made per call starts its threads each time anew.
    """

    title = "Threads are started for single tasks"
    remedy = (
        "Create one concurrent.futures.ThreadPoolExecutor for the program and submit to it; close it at exit, not"
        " after each use."
    )
    targets = (
        "threading.Thread.start",
        "threading.Thread.__init__",
        "concurrent.futures.thread.ThreadPoolExecutor._adjust_thread_count",
        "multiprocessing.process.BaseProcess.start",
    )
    share_min = 0.03
    links = ("https://docs.python.org/3/library/concurrent.futures.html",)
    invalid = (
        (
            "app.serve;app.fan_out;concurrent.futures.thread.ThreadPoolExecutor._adjust_thread_count;threading.Thread.start 40\n"
            "app.serve;app.work 160"
        ),
    )
    valid = (
        (
            "app.serve;app.fan_out;concurrent.futures.thread.ThreadPoolExecutor.submit 40\n"
            "app.serve;app.work 160"
        ),
        "threading.Thread._bootstrap;threading.Thread.run;app.work 200",
    )
