"""SIGKILL and price changes at the scheduled moments; killed processes are restarted."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from e2e.fault_bench.deployment import Deployment, Process
from e2e.fault_bench.schedule import Kill, PriceChange, bank_slug, random_for
from e2e.fault_bench.seller_tasks import PriceTask, add_task

NEXT_EMAIL_SECONDS = 2.0


class ScheduleThread(threading.Thread):
    """Carries out each scheduled item once that many buyers have started.

    `kills` counts what was killed.
    """

    def __init__(
        self,
        deployment: Deployment,
        schedule: Sequence[Kill | PriceChange],
        seed: int,
        buyers_started: Callable[[], int],
    ) -> None:
        super().__init__(name="schedule", daemon=True)
        self._deployment, self._buyers_started = deployment, buyers_started
        self._schedule = sorted(schedule, key=lambda item: item.after_buyers)
        self._random = random_for(seed, "victims")
        self._stopping = threading.Event()
        self.kills: Counter[str] = Counter()

    def run(self) -> None:
        for item in self._schedule:
            while self._buyers_started() < item.after_buyers:
                if self._stopping.wait(0.05):
                    return
            if isinstance(item, PriceChange):
                task = PriceTask(bank_slug(item.bank), item.price_minor)
                add_task(self._deployment.seller_tasks, task)
                continue
            time.sleep(item.delay_seconds)
            self.kill(item.target)

    def kill(self, target: str) -> None:
        """Kill the target, and restart it."""
        if target == "worker":
            # Right after the mail server accepted an email, if the worker is sending one.
            self._deployment.mail.wait_for_next(NEXT_EMAIL_SECONDS)
        for process in self._processes(target):
            process.kill()
            process.start()
        self.kills[target] += 1

    def _processes(self, target: str) -> list[Process]:
        """Return the processes of a target: `web` is every web server, `web-child` one of them."""
        deployment = self._deployment
        return {
            "web": deployment.web_servers,
            "web-child": [self._random.choice(deployment.web_servers)],
            "worker": [deployment.worker],
            "seller": [deployment.seller],
        }[target]

    def stop(self) -> None:
        """Skip the rest of the schedule, and wait for the thread."""
        self._stopping.set()
        self.join()
