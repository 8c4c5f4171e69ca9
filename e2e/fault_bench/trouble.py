"""`kill -9` and new prices, as the schedule says; what was killed is started again."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from e2e.fault_bench.people import slug
from e2e.fault_bench.schedule import Kill, NewPrice, chances
from e2e.fault_bench.seller import Reprice, wish
from e2e.fault_bench.shop import Program, Shop

A_MAIL_COMES_WITHIN_SECONDS = 2.0


class Trouble(threading.Thread):
    """Does what the schedule names once so many buyers have begun. `done` counts the kills."""

    def __init__(
        self,
        shop: Shop,
        scheduled: Sequence[Kill | NewPrice],
        seed: int,
        begun: Callable[[], int],
    ) -> None:
        super().__init__(name="trouble", daemon=True)
        self._shop, self._begun = shop, begun
        self._scheduled = sorted(scheduled, key=lambda each: each.after_buyers)
        self._chance = chances(seed, "victims")
        self._over = threading.Event()
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        """Wait for each moment, and strike."""
        for each in self._scheduled:
            while self._begun() < each.after_buyers:
                if self._over.wait(0.05):
                    return
            if isinstance(each, NewPrice):
                wish(self._shop.wishes, Reprice(slug(each.bank), each.price_minor))
                continue
            time.sleep(each.later_seconds)
            self.strike(each.target)

    def strike(self, target: str) -> None:
        """Kill it, and start it again."""
        if target == "worker":
            # Right behind the mail server's yes, if there is one to come.
            self._shop.post.wait_for_next(A_MAIL_COMES_WITHIN_SECONDS)
        for program in self._programs(target):
            program.kill()
            program.start()
        self.done[target] += 1

    def _programs(self, target: str) -> list[Program]:
        """`web` is all web servers, `one-process` one of them."""
        return {
            "web": self._shop.webs,
            "one-process": [self._chance.choice(self._shop.webs)],
            "worker": [self._shop.worker],
            "seller": [self._shop.seller],
        }[target]

    def end(self) -> None:
        """No more of it."""
        self._over.set()
        self.join()
