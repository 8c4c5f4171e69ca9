"""The demo's users, and the data of their purchases, rounds of practice and reviews."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PASSWORD = "practice-makes-perfect"  # noqa: S105 - printed by the demo, for the demo
LEARNER = "learner@demo.example"
NEWCOMER = "newcomer@demo.example"
SELLER = "seller@demo.example"
# The users who can sign in, by email, with their names.
SIGNING_IN = {LEARNER: "Lena Learner", NEWCOMER: "Nico Newcomer", SELLER: "Sol Seller"}
REVIEWERS = {
    "amara.obi@demo.example": "Amara O.",
    "jonas.weber@demo.example": "Jonas W.",
    "mei.lin@demo.example": "Mei L.",
    "tomas.novak@demo.example": "Tomáš N.",
    "priya.raman@demo.example": "Priya R.",
    "salma.haddad@demo.example": "Salma H.",
    "erik.lund@demo.example": "Erik L.",
    "ines.costa@demo.example": "Inês C.",
}
AMARA, JONAS, MEI, TOMAS, PRIYA, SALMA, ERIK, INES = REVIEWERS

GIT, SQL, STATISTICS = "git-in-practice", "sql-foundations", "statistics"
HTTP, NETWORKING, FIRST_AID = (
    "http-at-work",
    "networking-for-developers",
    "first-aid-in-the-office",
)


@dataclass(frozen=True)
class Purchase:
    """A purchase, `days_ago` days before the demo was loaded, and the buyer's review.

    `end` is the order's outcome; amounts are in the smallest unit. 0 stars is no review.
    """

    who: str
    bank: str
    days_ago: int
    end: Literal["paid", "expired", "failed"] = "paid"
    refunded_minor: int = 0
    refunded_after_days: int = 0
    stars: int = 0
    words: str = ""
    reviewed_after_days: int = 12
    reply: str = ""


@dataclass(frozen=True)
class Round:
    """A session. `answers` is how many questions are answered, 0 for all.

    `right_percent` is the share of correct answers; `weak` overrides it by domain.
    """

    who: str
    bank: str
    days_ago: int
    right_percent: int
    weak: Mapping[str, int] = field(default_factory=dict)
    answers: int = 0
    kind: Literal["all", "exam", "ten"] = "all"

    def right_percent_in(self, domain: str) -> int:
        """Return the share of correct answers in a domain."""
        return self.weak.get(domain, self.right_percent)


PURCHASES = (
    # The learner: two banks with access, of which one ends soon; one refunded, one expired.
    Purchase(LEARNER, STATISTICS, 174),
    Purchase(LEARNER, SQL, 69),
    Purchase(LEARNER, NETWORKING, 40, refunded_minor=2900, refunded_after_days=3),
    Purchase(LEARNER, HTTP, 33, end="expired"),
    Purchase(LEARNER, FIRST_AID, 15),
    # Reviewers.
    Purchase(
        AMARA,
        GIT,
        118,
        stars=5,
        words="I had used Git for six years and still got a third of it wrong. The feedback on "
        "the wrong answers is what I paid for: it says which command would have done that.",
    ),
    Purchase(
        JONAS,
        GIT,
        83,
        stars=4,
        words="Short stems, real situations, no trick questions. I would like more on submodules.",
        reply="Thank you, Jonas. Submodules are on our list. First, we are revising the "
        "questions about rebasing and exploring history.",
    ),
    Purchase(
        MEI,
        GIT,
        44,
        stars=5,
        words="We took it as a team, one session each Friday. “Ours” and “theirs” in a rebase "
        "alone started an hour of discussion.",
    ),
    Purchase(
        TOMAS,
        GIT,
        21,
        stars=3,
        words="Good questions, but I knew most of it. Best for beginners and intermediate users.",
        reviewed_after_days=4,
        reply="That is fair: about a quarter of the questions are hard. The page now says who "
        "it is for.",
    ),
    Purchase(
        PRIYA,
        SQL,
        88,
        stars=5,
        words="The part on NULL is worth the price alone. NOT IN with a null cost me a weekend "
        "once.",
    ),
    Purchase(
        ERIK,
        SQL,
        57,
        stars=4,
        words="Clear tables and honest explanations, including where SQLite and PostgreSQL differ.",
    ),
    Purchase(
        SALMA,
        SQL,
        36,
        stars=2,
        words="I expected stored procedures and Oracle. Neither is there.",
        refunded_minor=1200,
        refunded_after_days=16,
        reviewed_after_days=15,
        reply="You are right, and the description now says PostgreSQL and SQLite. We have "
        "refunded half the price.",
    ),
    Purchase(
        INES,
        STATISTICS,
        120,
        stars=5,
        words="The steps are written out, so I saw where I went wrong, not only that I did.",
    ),
    Purchase(
        MEI,
        STATISTICS,
        52,
        stars=4,
        words="What a confidence interval promises finally makes sense. More regression, please.",
    ),
    Purchase(
        AMARA,
        HTTP,
        97,
        stars=5,
        words="Every answer names the section of the RFC. I keep it open beside our proxy's logs.",
    ),
    Purchase(
        TOMAS,
        HTTP,
        62,
        stars=4,
        words="It explains CORS through real situations, not just headers. Two questions were too "
        "easy.",
    ),
    Purchase(
        JONAS,
        NETWORKING,
        58,
        stars=4,
        words="Subnets with diagrams, and real calculations to do. I passed my interview.",
    ),
    Purchase(
        ERIK,
        FIRST_AID,
        39,
        stars=5,
        words="Half an hour well spent for the whole office. We printed the result.",
    ),
    Purchase(PRIYA, HTTP, 26, end="failed"),
    Purchase(PRIYA, HTTP, 22),
    Purchase(SALMA, GIT, 9, end="expired"),
)

ROUNDS = (
    Round(LEARNER, STATISTICS, 150, 48, {"Testing": 25, "Distributions": 35}),
    Round(LEARNER, STATISTICS, 92, 66, {"Testing": 40, "Describing data": 85}),
    Round(LEARNER, STATISTICS, 23, 84, {"Testing": 55, "Describing data": 95}),
    Round(LEARNER, SQL, 66, 50, {"NULL": 20, "Selecting rows": 75}),
    Round(LEARNER, SQL, 45, 65, {"NULL": 40, "Selecting rows": 90}),
    Round(LEARNER, SQL, 17, 82, {"NULL": 60, "Selecting rows": 95}),
    Round(LEARNER, SQL, 2, 90, answers=14),
    Round(LEARNER, FIRST_AID, 6, 70, answers=9),
    # Three weeks with a trend: exams, and ten questions in between.
    Round(LEARNER, SQL, 20, 52, {"NULL": 20}, kind="exam"),
    Round(LEARNER, STATISTICS, 19, 60, {"Testing": 30}, kind="ten"),
    Round(LEARNER, SQL, 18, 60, {"NULL": 40}, kind="ten"),
    Round(LEARNER, STATISTICS, 16, 62, {"Testing": 40}, kind="exam"),
    Round(LEARNER, SQL, 14, 66, {"NULL": 50}, kind="exam"),
    Round(LEARNER, FIRST_AID, 12, 58, kind="ten"),
    Round(LEARNER, STATISTICS, 11, 72, {"Testing": 50}, kind="ten"),
    Round(LEARNER, SQL, 9, 74, {"NULL": 60}, kind="ten"),
    Round(LEARNER, FIRST_AID, 8, 72, kind="exam"),
    Round(LEARNER, STATISTICS, 7, 78, {"Testing": 60}, kind="exam"),
    Round(LEARNER, SQL, 5, 82, {"NULL": 70}, kind="exam"),
    Round(LEARNER, FIRST_AID, 4, 84, kind="ten"),
    Round(LEARNER, STATISTICS, 3, 88, {"Testing": 70}, kind="ten"),
    Round(LEARNER, SQL, 1, 92, kind="exam"),
)
