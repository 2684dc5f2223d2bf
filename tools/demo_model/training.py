"""Trains the acoustic net (TDNN, frame cross-entropy). A script of its own: its interpreter needs PyTorch
and numpy only.

    python training.py OUT.npz --passes 4 SHARD.npz …

A shard holds `features` (frames, 32), `labels` (frames) and `lengths` (utterances), frames of 10 ms. The
result holds the layers folded for Kaldi (`weight0` out × in, `bias0`, `offsets0`, …), the global mean and
mean square of the features and the priors of the pdfs. The net sees every frame in its first layer and every
third one afterwards, as Kaldi computes it with --frame-subsampling-factor=3.
"""

import argparse
import math
import runpy
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

OFFSETS = ((-2, -1, 0, 1, 2), (-1, 0, 1), (-3, 0, 3), (-3, 0, 3), (-3, 0, 3), (-3, 0, 3))
"""Frames that each layer sees of the layer before; the context is ±15 frames."""
CONTEXT = sum(offsets[-1] for offsets in OFFSETS)
SUBSAMPLING = 3
normalised = runpy.run_path(str(Path(__file__).with_name("cmvn.py")))["normalised"]
FRAMES, BATCH = 150, 32
LEARNING_RATE = 2e-3


class Net(nn.Module):
    """Convolutions over time with batch norm and ReLU; the second one has the stride of the subsampling."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        layers = []
        for index, offsets in enumerate(OFFSETS):
            stride = SUBSAMPLING if index == 1 else 1
            convolution = nn.Conv1d(width if index else inputs, width, len(offsets), stride=stride, bias=False)
            layers.append(nn.Sequential(convolution, nn.BatchNorm1d(width), nn.ReLU()))
        self.layers = nn.ModuleList(layers)
        self.output = nn.Conv1d(width, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.output(x)

    @torch.no_grad()
    def unfold(self, arrays: Mapping[str, np.ndarray], deviation: np.ndarray) -> None:
        """Takes over a folded net: the batch norms become plain biases, to be kept out of training mode."""
        for index, layer in enumerate(self.layers):
            convolution, norm = layer[0], layer[1]
            outputs, inputs, width = convolution.weight.shape
            weight = torch.from_numpy(arrays[f"weight{index}"]).reshape(outputs, width, inputs).permute(0, 2, 1)
            convolution.weight.copy_(weight * torch.tensor(deviation)[None, :, None] if index == 0 else weight)
            norm.weight.fill_(1)
            norm.bias.copy_(torch.from_numpy(arrays[f"bias{index}"]))
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)
        last = len(self.layers)
        self.output.weight.copy_(torch.from_numpy(arrays[f"weight{last}"])[:, :, None])
        self.output.bias.copy_(torch.from_numpy(arrays[f"bias{last}"]))

    @torch.no_grad()
    def folded(self, deviation: np.ndarray) -> dict[str, np.ndarray]:
        """Affine layers with batch norm and the features' deviation folded in; inputs in the order of the
        offsets."""
        arrays: dict[str, np.ndarray] = {}
        for index, layer in enumerate(self.layers):
            weight, norm = layer[0].weight, layer[1]
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            weight = weight * gain[:, None, None]
            if index == 0:
                weight = weight / torch.tensor(deviation)[None, :, None]
            arrays[f"weight{index}"] = weight.permute(0, 2, 1).reshape(weight.shape[0], -1).numpy()
            arrays[f"bias{index}"] = (norm.bias - norm.running_mean * gain).numpy()
            arrays[f"offsets{index}"] = np.array(OFFSETS[index])
        last = len(OFFSETS)
        arrays[f"weight{last}"] = self.output.weight[:, :, 0].numpy()
        arrays[f"bias{last}"] = self.output.bias.numpy()
        arrays[f"offsets{last}"] = np.array([0])
        return arrays


def load(shards: list[Path]) -> tuple[list[np.ndarray], np.ndarray]:
    """Features of each utterance, labels of all frames."""
    features, labels = [], []
    for path in shards:
        with np.load(path) as shard:
            edges = np.cumsum(shard["lengths"])[:-1]
            features += np.split(shard["features"].astype(np.float32), edges)
            labels.append(shard["labels"])
    return features, np.concatenate(labels).astype(np.int64)


def mask(x: torch.Tensor, generator: np.random.Generator) -> torch.Tensor:
    """Hides one stretch of up to 0.12 s in a third of the examples, so that the net leans on the context."""
    for row in np.flatnonzero(generator.random(len(x)) < 0.33):
        start, length = generator.integers(0, x.shape[2] - 12), generator.integers(2, 13)
        x[row, :, start : start + length] = 0
    return x


def train(
    out: Path, shards: list[Path], *, passes: float, minutes: float, width: int, outputs: int, threads: int,
    start: Path | None = None,
) -> None:  # fmt: skip
    """Trains and writes the folded net to `out`. Ends after `passes` over the speech, or `minutes` if they
    are over first; the learning rate falls with whichever is further on. `start` is a net of the same width
    to go on from."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    utterances, labels = load(shards)
    everything = np.concatenate(utterances)
    begun = dict(np.load(start)) if start else None
    mean = begun["mean"] if begun else everything.mean(0, dtype=np.float64)
    mean_square = np.square(everything).mean(0, dtype=np.float64)
    del everything
    x_all = np.concatenate([normalised(utterance, mean) for utterance in utterances])
    del utterances
    deviation = (x_all.std(0) + 1e-5).astype(np.float32)
    x_all /= deviation
    data, target = torch.from_numpy(x_all), torch.from_numpy(labels)
    held = len(data) // 50
    last_start = len(data) - held - FRAMES - 2 * CONTEXT
    net = Net(data.shape[1], width, outputs)
    if begun:
        net.unfold(begun, deviation)
        for layer in net.layers:
            layer[1].eval()
    steps = max(1, int(passes * len(data) / (BATCH * FRAMES)))
    highest = LEARNING_RATE / 2 if begun else LEARNING_RATE
    optimiser = torch.optim.AdamW(net.parameters(), highest, weight_decay=1e-3)
    print(f"frames {len(data)} steps {steps} parameters {sum(p.numel() for p in net.parameters())}", flush=True)

    def batch(starts: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = torch.stack([data[s : s + FRAMES + 2 * CONTEXT] for s in starts]).transpose(1, 2)
        wanted = torch.stack([target[s + CONTEXT : s + CONTEXT + FRAMES : SUBSAMPLING] for s in starts])
        return inputs, wanted

    began, loss_sum, right = time.monotonic(), 0.0, 0.0
    for step in range(steps):
        done = max(step / steps, (time.monotonic() - began) / (60 * minutes))
        if done >= 1:
            break
        rate = highest * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-5
        for group in optimiser.param_groups:
            group["lr"] = rate
        inputs, wanted = batch(generator.integers(0, last_start, BATCH))
        scores = net(mask(inputs.contiguous(), generator))[:, :, : wanted.shape[1]]
        loss = nn.functional.cross_entropy(scores, wanted)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        loss_sum += loss.item()
        right += (scores.argmax(1) == wanted).float().mean().item()
        if step % 100 == 99:
            seconds = time.monotonic() - began
            print(f"{step + 1} loss {loss_sum / 100:.3f} right {right / 100:.3f} {seconds:.0f} s", flush=True)
            loss_sum = right = 0.0
    net.eval()
    with torch.no_grad():
        starts = np.arange(len(data) - held, len(data) - FRAMES - 2 * CONTEXT, FRAMES)
        if len(starts):
            inputs, wanted = batch(starts)
            share = (net(inputs)[:, :, : wanted.shape[1]].argmax(1) == wanted).float().mean().item()
            print(f"frames right in the held-out part: {share:.3f}", flush=True)
    priors = np.bincount(labels, minlength=outputs) + 1.0
    np.savez(out, mean=mean, mean_square=mean_square, priors=priors / priors.sum(), **net.folded(deviation))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the acoustic net of the demo speech model.")
    parser.add_argument("out", type=Path)
    parser.add_argument("shards", type=Path, nargs="+")
    parser.add_argument("--passes", type=float, default=4.0)
    parser.add_argument("--minutes", type=float, default=30.0, help="most time to spend")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--outputs", type=int, required=True, help="number of pdfs")
    parser.add_argument("--start", type=Path, help="folded net to go on from")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    train(
        options.out, options.shards, passes=options.passes, minutes=options.minutes, width=options.width,
        outputs=options.outputs, threads=options.threads, start=options.start,
    )  # fmt: skip


if __name__ == "__main__":
    main()
