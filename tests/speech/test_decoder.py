"""Sound of strangers is decoded in a cell: it cannot take the memory, the time, the files or the secrets of the service."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.settings import PROJECT
from bot.speech import decoder, decoder_child
from bot.speech.audio import AudioRefused, read_sent, wav_bytes


def encoded(samples: np.ndarray, rate: int, format: str, subtype: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=format, subtype=subtype)
    return out.getvalue()


HUM = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
OPUS = encoded(HUM, 16_000, "OGG", "OPUS")


@pytest.mark.parametrize(
    ("format", "subtype", "rate", "peak"),
    [("WAV", "PCM_16", 44100, 0.5), ("WAV", "FLOAT", 48000, 0.5), ("WAV", "ULAW", 8000, 0.5), ("OGG", "OPUS", 48000, 0.5)],
)  # fmt: skip
def test_what_people_record_is_heard_as_it_was(format: str, subtype: str, rate: int, peak: float) -> None:
    wave = peak * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    sound = read_sent(encoded(np.stack([wave, wave], axis=1), rate, format, subtype), 8000)
    assert sound.rate == 8000 and sound.seconds == pytest.approx(1.0, abs=0.05)
    assert np.abs(sound.samples[1000:7000]).max() == pytest.approx(peak * 32768, rel=0.1)


@contextlib.contextmanager
def allocating_less_than(most: int) -> Iterator[None]:
    """Bytes that Python and numpy take here meanwhile; the process's own peak lies far above all of them."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


#: less than one block of samples: who needs no more has unfolded nothing
NOTHING_UNFOLDED = 200_000
NO_FORMAT_OF_OURS = r"it is none of a WAV file, OGG/Opus, AMR"


@pytest.mark.parametrize(
    ("bomb", "why"),
    [
        (encoded(np.zeros((65_535, 8), np.float32), 655_350, "FLAC", "PCM_16"), NO_FORMAT_OF_OURS),
        (encoded(np.zeros((100_000, 8), np.float32), 48_000, "WAV", "PCM_16"), "8 channels at 48000 Hz"),
        (encoded(np.zeros((100_000, 1), np.float32), 655_350, "WAV", "PCM_16"), "1 channels at 655350 Hz"),
        (encoded(np.zeros((48_000, 2), np.float32), 48_000, "OGG", "VORBIS"), NO_FORMAT_OF_OURS),
        (encoded(np.zeros((48_000, 2), np.float32), 48_000, "MP3", "MPEG_LAYER_III"), NO_FORMAT_OF_OURS),
        (encoded(np.zeros((8_000, 1), np.float32), 8_000, "WAV", "IMA_ADPCM"), NO_FORMAT_OF_OURS),
        (encoded(np.zeros((8_000, 1), np.float32), 8_000, "AIFF", "PCM_16"), NO_FORMAT_OF_OURS),
        (
            wav_bytes(np.zeros(800, np.int16), 8000)[:22] + b"\xff\xff" + wav_bytes(np.zeros(800, np.int16), 8000)[24:],
            "[Cc]hannels",
        ),
    ],
    ids=["FLAC", "8 channels", "655,350 Hz", "Vorbis", "MP3", "ADPCM", "AIFF", "65,535 channels"],
)
def test_bombs_and_other_formats_are_refused_before_they_unfold(bomb: bytes, why: str) -> None:
    with allocating_less_than(NOTHING_UNFOLDED), pytest.raises(AudioRefused, match=why):
        read_sent(bomb, longest_s=60)


def test_a_header_that_promises_2_gb_costs_what_is_there() -> None:
    """libsndfile may read the samples that are there, or refuse them; it is the promise that must cost nothing."""
    bomb = wav_bytes(np.zeros(800, np.int16), 8000).replace(struct.pack("<I", 1600), struct.pack("<I", 0x7FFFFFF0))
    with allocating_less_than(1_000_000):
        try:
            assert read_sent(bomb, longest_s=60).seconds <= 60
        except AudioRefused as refused:
            assert str(refused)


def test_silence_of_a_few_kilobytes_that_goes_on_is_too_long_and_costs_no_memory() -> None:
    data = encoded(np.zeros((48_000 * 11, 2), np.float32), 48_000, "OGG", "OPUS")
    with allocating_less_than(NOTHING_UNFOLDED), pytest.raises(AudioRefused, match="too long"):
        read_sent(data, longest_s=10)


#: what whoever breaks a decoder would do next; each line that is printed is something that worked
ESCAPES = """
import os, resource, socket, sys
sys.path.insert(0, {folder!r})
import decoder_child
decoder_child.limit()
shut = decoder_child.shut_in()
def works(name, act):
    try:
        act()
    except BaseException:
        return
    os.write(1, name.encode() + b"\\n")
works("memory", lambda: bytearray(600 << 20))
if shut:
    works("read", lambda: os.open("/etc/passwd", os.O_RDONLY))
    works("write", lambda: os.open({folder!r} + "/../../evil", os.O_CREAT | os.O_WRONLY))
    works("socket", lambda: socket.socket())
    works("fork", lambda: os.fork())
    works("exec", lambda: os.execv("/bin/true", ["true"]))
    works("kill", lambda: os.kill(os.getppid(), 0))
    works("limits", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
os.write(1, b"shut" if shut else b"open")
os._exit(0)
"""


def test_a_decoder_that_is_broken_into_opens_no_file_no_connection_and_no_program() -> None:
    code = ESCAPES.format(folder=str(Path(decoder_child.__file__).parent))
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, timeout=30, env={}, check=True)
    if done.stdout == b"open":
        pytest.skip("NO seccomp on this machine: the decoder's system calls are not bounded")
    assert done.stdout == b"shut"


def test_the_decoder_gets_none_of_the_services_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import os,struct\nos.write(1, struct.pack('<IIIq', 0, 0, 0, 0) + repr(dict(os.environ)).encode())\n"
    )
    monkeypatch.setattr(decoder, "_CHILD", spy)
    monkeypatch.setenv("GEGE_RECORDING_KEY", "canary")
    with pytest.raises(AudioRefused) as refused:
        read_sent(OPUS)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        "os.kill(os.getpid(), 9)", "pass", "os.write(1, b'x' * 19)", "os.write(1, H.pack(0, 0, 0, 0) + b'\\x1b[31m' * 99)",
        "os.write(1, H.pack(2**31, 1, 0, 5))", "os.write(1, H.pack(8000, 900, 0, 5))",
        "os.write(1, H.pack(8000, 1, 0, -1) + b'\\xff' * 80); os._exit(3)", "\nwhile True: os.write(1, H.pack(8000, 1, 0, -1))",
    ],
    ids=["killed", "silent", "half a head", "escape codes", "rate", "channels", "dies", "never ends"],
)  # fmt: skip
def test_a_decoder_that_falls_or_lies_is_refused_and_the_next_voice_note_is_heard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str
) -> None:
    liar = tmp_path / "liar.py"
    liar.write_text(f"import os, struct\nH = struct.Struct('<IIIq')\n{answer}\n")
    with monkeypatch.context() as patched:
        patched.setattr(decoder, "_CHILD", liar)
        with pytest.raises(AudioRefused) as refused:
            read_sent(OPUS, longest_s=20)
        assert "\x1b" not in str(refused.value)
    assert read_sent(OPUS).seconds == pytest.approx(1.0, abs=0.1)


def test_a_decoder_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(decoder, "_CHILD", sleeper)
    monkeypatch.setattr(decoder, "_TIMEOUT_S", 0.3)
    with pytest.raises(AudioRefused):
        read_sent(OPUS)


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([OPUS, wav_bytes(np.zeros(800, np.int16), 8000)]), st.integers(0, 4000), st.binary(max_size=60))
def test_spoiled_sound_is_heard_or_refused(data: bytes, at: int, spoil: bytes) -> None:
    at %= len(data)
    try:
        assert read_sent(data[:at] + spoil + data[at + len(spoil) :], longest_s=60).seconds <= 60
    except AudioRefused as refused:
        assert str(refused)


def test_nothing_else_decodes_sound_in_the_service() -> None:
    """`soundfile` is for the site's own files; what came over a wire goes to the decoder."""
    users = {
        str(file.relative_to(PROJECT))
        for file in (PROJECT / "bot").rglob("*.py")
        if re.search(r"import soundfile|Decoder_Interface|sf_open", file.read_text("utf-8"))
    }
    assert users == {f"bot/speech/{one}.py" for one in ("audio", "decoder_child")}
