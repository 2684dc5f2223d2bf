"""WeCom's voice notes: heard where the machine has the library, refused plainly where it has not, and never a crash."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.speech import decoder
from bot.speech.audio import AudioRefused, read_sent
from bot.speech.decoder_child import AMR_MAGIC, AMR_SIZES

needs_library = pytest.mark.skipif(not decoder.amr_installed(), reason="NO libopencore-amrnb0: AMR is not tested")


def encoded(samples: np.ndarray, mode: int = 7) -> bytes:
    """An AMR file of 8 kHz samples, made by the library's own encoder."""
    library = ctypes.CDLL("libopencore-amrnb.so.0")
    library.Encoder_Interface_init.restype = ctypes.c_void_p
    library.Encoder_Interface_Encode.argtypes = [
        ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int,
    ]  # fmt: skip
    state, out, file = library.Encoder_Interface_init(0), ctypes.create_string_buffer(64), AMR_MAGIC
    for at in range(0, len(samples) - 159, 160):
        size = library.Encoder_Interface_Encode(state, mode, samples[at : at + 160].astype("<i2").tobytes(), out, 0)
        file += out.raw[:size]
    return file


def tone(seconds: float, hertz: float = 440.0) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * 8000)) / 8000)).astype(np.int16)


@needs_library
@pytest.mark.parametrize("mode", [0, 4, 7])
def test_a_voice_note_sounds_as_it_was_spoken(mode: int) -> None:
    sound = read_sent(encoded(tone(2.0), mode), 16_000)
    assert (sound.rate, round(sound.seconds, 1)) == (16_000, 2.0)
    spectrum = np.abs(np.fft.rfft(sound.samples[8000:24000].astype(float)))
    assert abs(int(spectrum.argmax()) - 440) <= 3


@needs_library
def test_a_voice_note_that_was_cut_off_is_heard_up_to_there() -> None:
    assert read_sent(encoded(tone(2.0))[:-10]).seconds == pytest.approx(1.98)


@needs_library
@pytest.mark.parametrize("data", [b"#!AMR\n", b"#!AMR\n\x4c" + bytes(50), b"#!AMR\n\x3c"])
def test_what_is_no_amr_is_refused(data: bytes) -> None:
    with pytest.raises(AudioRefused):
        read_sent(data)


@needs_library
def test_what_is_too_long_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(AudioRefused, match="too long"):
        read_sent(AMR_MAGIC + b"\x7c" * 50 * 61, longest_s=60)


def test_a_machine_without_the_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "AMR_LIBRARY", "libnot-there.so.9")
    with pytest.raises(AudioRefused, match="libopencore-amrnb0"):
        read_sent(AMR_MAGIC + b"\x7c")


@needs_library
@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(AMR_SIZES)), st.binary(min_size=31, max_size=31)), max_size=40))
def test_whatever_a_stranger_sends_is_heard_or_refused(frames: list[tuple[int, bytes]]) -> None:
    data = AMR_MAGIC + b"".join(bytes([kind << 3 | 4]) + body[: AMR_SIZES[kind]] for kind, body in frames)
    try:
        assert read_sent(data).seconds == pytest.approx(len(frames) * 0.02)
    except AudioRefused:
        assert not frames
