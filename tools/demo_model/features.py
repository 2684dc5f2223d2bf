"""MFCC features, the same that Vosk computes from conf/mfcc.conf."""

import kaldi_native_fbank as knf
import numpy as np

SAMPLE_RATE = 8000
"""Hz. A model for 8 kHz takes 16 kHz too (Vosk allows it to downsample); the other way round fails."""
DIMENSION = 32
"""Cepstra per frame, as many as mel bands."""
FRAMES_PER_SECOND = 100
FIRST_FRAME_CENTRE = 1.25
"""Centre of frame 0, in frames: half of the 25 ms window."""
_LOW, _HIGH = 60, -200

MFCC_CONF = (
    f"--sample-frequency={SAMPLE_RATE}\n--use-energy=false\n--num-mel-bins={DIMENSION}\n"
    f"--num-ceps={DIMENSION}\n--low-freq={_LOW}\n--high-freq={_HIGH}\n--dither=0\n"
)


def _options() -> knf.MfccOptions:
    options = knf.MfccOptions()
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = DIMENSION
    options.mel_opts.low_freq = _LOW
    options.mel_opts.high_freq = _HIGH
    options.num_ceps = DIMENSION
    options.use_energy = False
    options.cepstral_lifter = 22
    return options


def mfcc(samples: np.ndarray) -> np.ndarray:
    """8 kHz samples in int16 scale (not ±1) -> (frames, 32) float32, one frame per 10 ms."""
    online = knf.OnlineMfcc(_options())
    online.accept_waveform(SAMPLE_RATE, np.asarray(samples, np.float32).tolist())
    online.input_finished()
    return np.stack([online.get_frame(i) for i in range(online.num_frames_ready)]).astype(np.float32)
