"""A lower room asks, a higher one answers."""

import pytest

from groundswell.platform.providers import Question


async def test_a_question_has_its_default_until_somebody_answers() -> None:
    question: Question[[int], str] = Question("nobody knows")
    assert await question(3) == "nobody knows"

    @question.answer
    async def answer(number: int) -> str:
        return "x" * number

    assert await question(3) == "xxx"


async def test_a_question_has_one_answer() -> None:
    question: Question[[], int] = Question(0)

    async def one() -> int:
        return 1

    async def two() -> int:
        return 2

    question.answer(one)
    question.answer(one)
    with pytest.raises(ValueError, match="one answers this already"):
        question.answer(two)
    assert await question() == 1
