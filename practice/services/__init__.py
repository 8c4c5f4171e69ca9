"""What changes sessions: start, answer, mark, pause and end them."""

from practice.services.answering import (
    Remarks,
    SubmittedAnswer,
    as_decimal,
    clear_answer,
    submit_answer,
)
from practice.services.ending import (
    discard_attempt,
    finish_attempt,
    finish_overdue_attempt,
    finish_overdue_attempts,
    pause_attempt,
    resume_attempt,
)
from practice.services.errors import (
    AttemptFinished,
    AttemptPaused,
    CannotPause,
    NoAccess,
    NoExam,
    NoSuchAttempt,
    NoSuchPosition,
    NothingToAsk,
    PracticeError,
    TooManyNewQuestions,
)
from practice.services.marking import open_question, reset_progress, save_note, set_flag
from practice.services.preferences import preferences_of, save_preferences
from practice.services.starting import (
    Limits,
    has_live_access,
    retake,
    start_attempt,
    start_exam,
    start_mistakes,
    start_own_session,
    start_ten_questions,
)

__all__ = [
    "AttemptFinished",
    "AttemptPaused",
    "CannotPause",
    "Limits",
    "NoAccess",
    "NoExam",
    "NoSuchAttempt",
    "NoSuchPosition",
    "NothingToAsk",
    "PracticeError",
    "Remarks",
    "SubmittedAnswer",
    "TooManyNewQuestions",
    "as_decimal",
    "clear_answer",
    "discard_attempt",
    "finish_attempt",
    "finish_overdue_attempt",
    "finish_overdue_attempts",
    "has_live_access",
    "open_question",
    "pause_attempt",
    "preferences_of",
    "reset_progress",
    "resume_attempt",
    "retake",
    "save_note",
    "save_preferences",
    "set_flag",
    "start_attempt",
    "start_exam",
    "start_mistakes",
    "start_own_session",
    "start_ten_questions",
    "submit_answer",
]
