"""Kaldi's online mean normalisation, as Vosk does it before the net. Numpy alone: training.py runs it from its file, in
an interpreter that has nothing else of ours."""

import numpy as np

WINDOW, GLOBAL_FRAMES = 600, 200
"""Frames of the sliding window, frames of the global mean at its beginning."""


def normalised(features: np.ndarray, global_mean: np.ndarray) -> np.ndarray:
    """Kaldi's OnlineCmvn with means only: the last 600 frames, topped up with up to 200 frames of the
    global mean."""
    total = np.cumsum(np.concatenate((np.zeros((1, features.shape[1])), features.astype(np.float64))), 0)
    index = np.arange(1, len(features) + 1)
    count = np.minimum(index, WINDOW)
    added = np.minimum(WINDOW - count, GLOBAL_FRAMES)
    mean = (total[1:] - total[index - count] + added[:, None] * global_mean) / (count + added)[:, None]
    return (features - mean).astype(np.float32)
