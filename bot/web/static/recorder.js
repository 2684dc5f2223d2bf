// Records the microphone while a button is held, and hands it over as a mono 16-bit WAV.

export class Recorder {
  recording = false;
  #context = null;
  #stream = null;
  #node = null;
  #parts = [];
  #wanted = false;

  async begin() {
    this.#wanted = true;
    this.recording = true;
    this.#parts = [];
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } });
      this.#context = new AudioContext();
      await this.#context.audioWorklet.addModule("/static/recorder-worklet.js");
      this.#node = new AudioWorkletNode(this.#context, "keep");
      this.#node.port.onmessage = (event) => this.#parts.push(event.data);
      this.#context.createMediaStreamSource(this.#stream).connect(this.#node);
    } catch (problem) {
      await this.#release();
      throw problem;
    }
    // The finger may have left the button while the browser asked for leave.
    if (!this.#wanted) await this.#release();
  }

  // { blob, seconds }, or null when nothing was being recorded.
  async end() {
    this.#wanted = false;
    if (!this.#context) return null;
    const rate = this.#context.sampleRate;
    await this.#release();
    const length = this.#parts.reduce((sum, part) => sum + part.length, 0);
    return { blob: wav(this.#parts, length, rate), seconds: length / rate };
  }

  async #release() {
    this.recording = false;
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#node?.disconnect();
    const context = this.#context;
    this.#context = this.#stream = this.#node = null;
    await context?.close();
  }
}

function wav(parts, length, rate) {
  const view = new DataView(new ArrayBuffer(44 + length * 2));
  const word = (at, letters) => [...letters].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + length * 2, true); word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, rate * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  word(36, "data"); view.setUint32(40, length * 2, true);
  let at = 44;
  for (const part of parts) {
    for (const sample of part) {
      view.setInt16(at, Math.max(-1, Math.min(1, sample)) * 32767, true);
      at += 2;
    }
  }
  return new Blob([view], { type: "audio/wav" });
}
