"""Trains the acoustic net (TDNN-F, frame cross-entropy). A script of its own: its interpreter needs PyTorch
and numpy only.

    python training.py OUT.npz --passes 4 SHARD.npz …

A shard holds `features` (frames, 32), `labels` (frames) and `lengths` (utterances), frames of 10 ms. The
result holds the layers folded for Kaldi (`weight0` out × in, `bias0`, `offsets0`, `relu0`, `skip0`, …), the global mean and
mean square of the features and the priors of the pdfs. The net sees every frame in its first layer and every
third one afterwards, as Kaldi computes it with --frame-subsampling-factor=3.

The form is Povey's ("Semi-Orthogonal Low-Rank Matrix Factorization for Deep Neural Networks", 2018) without the
orthogonality: each block goes through a narrow layer and adds what it finds to what came in. Stretches of time and bands of
frequency are hidden (Park, "SpecAugment", 2019). State is kept every few minutes beside OUT: a training that was stopped
goes on.
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

SUBSAMPLING = 3
FRONT = ((-2, -1, 0, 1, 2), (-1, 0, 1))
"""Frames that the first two layers see of the layer before; the second one has the stride of the subsampling."""
STEP = 3
"""Each half of a block sees a frame and the one so many frames before or after it."""
normalised = runpy.run_path(str(Path(__file__).with_name("cmvn.py")))["normalised"]
FRAMES, BATCH = 300, 24
LEARNING_RATE, LAST_RATE = 2e-3, 2e-5
_KEEP_S = 120.0
_HIDDEN_TIMES, _LONGEST_TIME = 2, 15
_HIDDEN_BANDS, _WIDEST_BAND = 2, 5
_LIFTER = 22
_SMOOTHING = 0.05
"""Of the labels; what the net gives to a state that never occurs."""


class Block(nn.Module):
    """Narrow, then wide again, added to what came in."""

    def __init__(self, width: int, narrow: int) -> None:
        super().__init__()
        self.narrow = nn.Conv1d(width, narrow, 2, bias=False)
        self.wide = nn.Conv1d(narrow, width, 2, bias=False)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.relu(x[:, :, 1:-1] + self.norm(self.wide(self.narrow(x))))


class Net(nn.Module):
    """Two plain layers, blocks, the scores of the pdfs."""

    def __init__(self, inputs: int, first: int, width: int, narrow: int, blocks: int, outputs: int) -> None:
        super().__init__()
        sizes = (inputs, first, width)
        self.front = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(before, after, len(offsets), stride=SUBSAMPLING if index else 1, bias=False),
                nn.BatchNorm1d(after),
                nn.ReLU(),
            )
            for index, (before, after, offsets) in enumerate(zip(sizes, sizes[1:], FRONT, strict=False))
        )
        self.blocks = nn.ModuleList(Block(width, narrow) for _ in range(blocks))
        self.dropout = nn.Dropout1d(0.05)
        self.output = nn.Conv1d(width, outputs, 1)

    @property
    def context(self) -> int:
        """Frames that are seen on each side."""
        return sum(offsets[-1] for offsets in FRONT) + STEP * len(self.blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.front:
            x = layer(x)
        for block in self.blocks:
            x = self.dropout(block(x))
        return self.output(x)

    @torch.no_grad()
    def folded(self, deviation: np.ndarray) -> dict[str, np.ndarray]:
        """Affine layers with batch norm and the features' deviation folded in; inputs in the order of the
        offsets. `skip`: the layer whose output is added, -1 for none."""
        found: list[tuple[np.ndarray, np.ndarray, tuple[int, ...], bool, int]] = []
        for index, layer in enumerate(self.front):
            weight, bias = _with_norm(layer[0].weight, layer[1])
            if index == 0:
                weight = weight / torch.tensor(deviation)[None, :, None]
            found.append((_flat(weight), bias, FRONT[index], True, -1))
        before = len(found) - 1
        for block in self.blocks:
            narrow = block.narrow.weight
            found.append((_flat(narrow), np.zeros(len(narrow), np.float32), (-STEP, 0), False, -1))
            weight, bias = _with_norm(block.wide.weight, block.norm)
            found.append((_flat(weight), bias, (0, STEP), True, before))
            before = len(found) - 1
        found.append((self.output.weight[:, :, 0].numpy(), self.output.bias.numpy(), (0,), False, -1))
        arrays: dict[str, np.ndarray] = {}
        for index, (flat, bias, offsets, relu, skip) in enumerate(found):
            arrays |= {
                f"weight{index}": flat, f"bias{index}": bias, f"offsets{index}": np.array(offsets),
                f"relu{index}": np.array(relu), f"skip{index}": np.array(skip),
            }  # fmt: skip
        return arrays

    @torch.no_grad()
    def unfold(self, arrays: Mapping[str, np.ndarray], deviation: np.ndarray) -> None:
        """Takes over a folded net: the batch norms become plain biases, to be kept out of training mode."""
        for index, layer in enumerate(self.front):
            weight = _unflat(arrays[f"weight{index}"], layer[0].weight)
            layer[0].weight.copy_(weight * torch.tensor(deviation)[None, :, None] if index == 0 else weight)
            _plain(layer[1], arrays[f"bias{index}"])
        for index, block in enumerate(self.blocks):
            at = len(FRONT) + 2 * index
            block.narrow.weight.copy_(_unflat(arrays[f"weight{at}"], block.narrow.weight))
            block.wide.weight.copy_(_unflat(arrays[f"weight{at + 1}"], block.wide.weight))
            _plain(block.norm, arrays[f"bias{at + 1}"])
        last = len(FRONT) + 2 * len(self.blocks)
        self.output.weight.copy_(torch.from_numpy(arrays[f"weight{last}"].copy())[:, :, None])
        self.output.bias.copy_(torch.from_numpy(arrays[f"bias{last}"].copy()))


def _with_norm(weight: torch.Tensor, norm: nn.BatchNorm1d) -> tuple[torch.Tensor, np.ndarray]:
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return weight * gain[:, None, None], (norm.bias - norm.running_mean * gain).numpy()


def _flat(weight: torch.Tensor) -> np.ndarray:
    return weight.permute(0, 2, 1).reshape(weight.shape[0], -1).numpy()


def _unflat(flat: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    outputs, inputs, width = like.shape
    return torch.from_numpy(flat.copy()).reshape(outputs, width, inputs).permute(0, 2, 1)


def _plain(norm: nn.BatchNorm1d, bias: np.ndarray) -> None:
    norm.weight.fill_(1)
    norm.bias.copy_(torch.from_numpy(bias.copy()))
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)


def size_of(arrays: Mapping[str, np.ndarray]) -> tuple[int, int, int, int]:
    """(first, width, narrow, blocks) of a folded net."""
    layers = sum(name.startswith("weight") for name in arrays)
    return len(arrays["bias0"]), len(arrays["bias1"]), len(arrays["bias2"]), (layers - len(FRONT) - 1) // 2


def load(shards: list[Path]) -> tuple[list[np.ndarray], np.ndarray]:
    """Features of each utterance (float16), labels of all frames."""
    features, labels = [], []
    for path in shards:
        with np.load(path) as shard:
            edges = np.cumsum(shard["lengths"])[:-1]
            features += np.split(shard["features"], edges) if len(shard["lengths"]) else []
            labels.append(shard["labels"])
    return features, np.concatenate(labels).astype(np.int64)


def cosines(count: int) -> np.ndarray:
    """Mel bands → liftered cepstra as Kaldi computes them (orthonormal DCT-II): (count, count)."""
    k, n = np.arange(count)[:, None], np.arange(count)[None, :]
    matrix = np.sqrt(2 / count) * np.cos(np.pi * (n + 0.5) * k / count)
    matrix[0] = np.sqrt(1 / count)
    lifter = 1 + 0.5 * _LIFTER * np.sin(np.pi * np.arange(count) / _LIFTER)
    return np.asarray(matrix * lifter[:, None], np.float32)


class Mask:
    """Hides stretches of time, and bands of frequency: as many cepstra as mel bands can be turned back into them."""

    def __init__(self, deviation: np.ndarray, generator: np.random.Generator) -> None:
        forward = cosines(len(deviation)) / deviation[:, None]
        self._forward, self._back = (
            torch.from_numpy(forward),
            torch.from_numpy(np.linalg.inv(forward).astype(np.float32)),
        )
        self._generator = generator

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(examples, cepstra, frames), normalised."""
        draw = self._generator
        mel = torch.einsum("mc,bct->bmt", self._back, x)
        keep = torch.ones_like(mel[:, :, :1])
        for row in range(len(x)):
            for _ in range(draw.integers(0, _HIDDEN_BANDS + 1)):
                wide = draw.integers(1, _WIDEST_BAND + 1)
                low = draw.integers(0, mel.shape[1] - wide + 1)
                keep[row, low : low + wide] = 0
        x = torch.einsum("cm,bmt->bct", self._forward, mel * keep)
        for row in range(len(x)):
            for _ in range(draw.integers(0, _HIDDEN_TIMES + 1)):
                long = draw.integers(2, _LONGEST_TIME + 1)
                start = draw.integers(0, x.shape[2] - long)
                x[row, :, start : start + long] = 0
        return x


def train(
    out: Path, shards: list[Path], *, passes: float, minutes: float, size: tuple[int, int, int, int], outputs: int,
    threads: int, start: Path | None = None, rate: float = LEARNING_RATE,
) -> None:  # fmt: skip
    """Trains and writes the folded net to `out`. Ends after `passes` over the speech, or `minutes` if they
    are over first; the learning rate falls with whichever is further on. `start` is a folded net to go on from, whose
    size it has then."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    utterances, labels = load(shards)
    begun = dict(np.load(start)) if start else None
    count = sum(len(one) for one in utterances)
    mean_here = sum(one.sum(0, dtype=np.float64) for one in utterances) / count
    mean = begun["mean"] if begun else mean_here
    mean_square = sum(np.square(one.astype(np.float32)).sum(0, dtype=np.float64) for one in utterances) / count
    x_all = np.concatenate([normalised(one.astype(np.float32), mean).astype(np.float16) for one in utterances])
    del utterances
    deviation = (x_all[:: max(1, count // 500_000)].astype(np.float32).std(0) + 1e-5).astype(np.float32)
    data, target = torch.from_numpy(x_all), torch.from_numpy(labels)
    scale = torch.from_numpy(1 / deviation)[None, :, None]
    held = min(count // 20, 60_000)
    if begun:
        size = size_of(begun)
    net = Net(data.shape[1], *size, outputs)
    if begun and begun[f"bias{len([n for n in begun if n.startswith('weight')]) - 1}"].shape[0] == outputs:
        net.unfold(begun, deviation)
        for norm in net.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.eval()
    context = net.context
    last_start = count - held - FRAMES - 2 * context
    steps = max(1, int(passes * count / (BATCH * FRAMES)))
    highest = rate / 2 if begun else rate
    optimiser = torch.optim.AdamW(net.parameters(), highest, weight_decay=1e-2)
    mask = Mask(deviation, generator)
    parameters = sum(p.numel() for p in net.parameters())
    print(f"frames {count} steps {steps} parameters {parameters} context {context}", flush=True)
    state, first_step, spent = out.with_suffix(".state"), 0, 0.0
    if state.is_file():
        kept = torch.load(state, weights_only=True)
        if kept["steps"] == steps:
            net.load_state_dict(kept["net"])
            optimiser.load_state_dict(kept["optimiser"])
            first_step, spent = kept["step"], kept["spent"]
            generator = np.random.default_rng(first_step)
            mask = Mask(deviation, generator)
            print(f"going on at step {first_step}", flush=True)

    def batch(starts: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = torch.stack([data[s : s + FRAMES + 2 * context] for s in starts]).float().transpose(1, 2) * scale
        wanted = torch.stack([target[s + context : s + context + FRAMES : SUBSAMPLING] for s in starts])
        return inputs, wanted

    began, kept_at = time.monotonic() - spent, time.monotonic()
    loss_sum, right, seen = 0.0, 0.0, 0
    for step in range(first_step, steps):
        done = max(step / steps, (time.monotonic() - began) / (60 * minutes))
        if done >= 1:
            break
        now = highest * min(1, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * done)) + LAST_RATE
        for group in optimiser.param_groups:
            group["lr"] = now
        inputs, wanted = batch(generator.integers(0, last_start, BATCH))
        with torch.autocast("cpu", torch.bfloat16):
            scores = net(mask(inputs).contiguous())[:, :, : wanted.shape[1]]
        loss = nn.functional.cross_entropy(scores.float(), wanted, label_smoothing=_SMOOTHING)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        loss_sum, right, seen = (
            loss_sum + loss.item(),
            right + (scores.argmax(1) == wanted).float().mean().item(),
            seen + 1,
        )
        if step % 100 == 99:
            seconds = time.monotonic() - began
            print(
                f"{step + 1} of {steps} loss {loss_sum / seen:.3f} right {right / seen:.3f} {seconds:.0f} s", flush=True
            )
            loss_sum, right, seen = 0.0, 0.0, 0
        if time.monotonic() - kept_at > _KEEP_S:
            kept_at = time.monotonic()
            now_state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1, "steps": steps}
            torch.save({**now_state, "spent": kept_at - began}, state.with_suffix(".part"))
            state.with_suffix(".part").replace(state)
    net.eval()
    with torch.no_grad():
        starts = np.arange(count - held, count - FRAMES - 2 * context, FRAMES)
        if len(starts):
            inputs, wanted = batch(starts)
            share = (net(inputs)[:, :, : wanted.shape[1]].argmax(1) == wanted).float().mean().item()
            print(f"frames right in the held-out part: {share:.3f}", flush=True)
    # What the net gives on average: a state that few recordings have would be scaled up beyond reason otherwise.
    priors = (1 - _SMOOTHING) * np.bincount(labels, minlength=outputs) / len(labels) + _SMOOTHING / outputs
    np.savez(out, mean=mean, mean_square=mean_square, priors=priors, **net.folded(deviation))
    state.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the acoustic net of the demo speech model.")
    parser.add_argument("out", type=Path)
    parser.add_argument("shards", type=Path, nargs="+")
    parser.add_argument("--passes", type=float, default=4.0)
    parser.add_argument("--minutes", type=float, default=30.0, help="most time to spend")
    parser.add_argument("--size", type=int, nargs=4, default=(256, 512, 128, 9), help="first, width, narrow, blocks")
    parser.add_argument("--outputs", type=int, required=True, help="number of pdfs")
    parser.add_argument("--start", type=Path, help="folded net to go on from")
    parser.add_argument("--rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    train(
        options.out, options.shards, passes=options.passes, minutes=options.minutes, size=tuple(options.size),
        outputs=options.outputs, threads=options.threads, start=options.start, rate=options.rate,
    )  # fmt: skip


if __name__ == "__main__":
    main()
