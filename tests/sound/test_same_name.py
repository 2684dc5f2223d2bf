"""Whose name it is: accent apart, nothing else."""

import pytest

from bot.sound.same_name import same_name


@pytest.mark.parametrize(
    "name,spoken", [("张桂英", "章桂英"), ("刘大海", "牛大海"), ("陈秀兰", "成秀兰"), ("欧阳建国", "欧阳建国")]
)
def test_one_name_to_the_ear_is_one(name: str, spoken: str) -> None:
    assert same_name(name, spoken)


@pytest.mark.parametrize(
    "name,spoken",
    [("王建国", "黄建国"), ("李小龙", "李小"), ("李小龙", "李小龙龙"), ("吴东", "胡东"), ("", "王"), ("何花", "")],
)
def test_another_name_proves_nobody(name: str, spoken: str) -> None:
    assert not same_name(name, spoken)
