import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina_studio.language import preferred_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh-CN"),
        ("zh-Hans-CN", "zh-CN"),
        ("ZH-tw", "zh-CN"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("en;q=0.2, zh;q=0.8", "zh-CN"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=0", "en"),
        ("de, zh;q=0.1", "zh-CN"),
        ("*", "en"),
        ("zh;q=nonsense", "en"),
        ("zhx", "en"),
    ],
)
def test_the_language_that_fits_best_is_chosen(header, language):
    assert preferred_language(header) == language


@given(st.text())
def test_any_header_gives_a_language(header):
    assert preferred_language(header) in {"en", "zh-CN"}
