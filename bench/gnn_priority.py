"""Priority over other programs for short times: what bench/gnn.py layers --realtime asks for."""
import contextlib
import os

PRIORITY = 20


@contextlib.contextmanager
def realtime(wanted, pinned=False):
    """All threads of this process, and programs that it starts meanwhile, ahead of others; `pinned`: the first thread on
    the first core and the others on the other ones."""
    cpus = sorted(os.sched_getaffinity(0))

    def schedule(policy, priority, first, others):
        for task in map(int, os.listdir("/proc/self/task")):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(task, first if task == os.getpid() else others)
                os.sched_setscheduler(task, policy, os.sched_param(priority))

    if wanted:
        # Two threads of one priority that wake up on one core may stay there, one after the other: hence pinned.
        schedule(os.SCHED_FIFO, PRIORITY, cpus[:1] if pinned else cpus, cpus[1:] if pinned and cpus[1:] else cpus)
    try:
        yield
    finally:
        if wanted:
            schedule(os.SCHED_OTHER, 0, cpus, cpus)
