// The microphone and the loudspeaker of a call, at the call's 16 kHz whatever the sound card runs at.

const RATE = 16000;
const FRAME = 320;              // 20 ms
const AHEAD_S = 0.1;            // heard so much later, so that a stumbling network is not heard
const FADE = 240;               // samples in which dropped sound fades

// Band-limited, exact for every pair of rates: one row of a windowed sinc for each phase between two samples.
class Resampler {
  constructor(from, to) {
    const divisor = ((a, b) => { while (b) [a, b] = [b, a % b]; return a; })(from, to);
    this.up = to / divisor;
    this.down = from / divisor;
    const narrow = Math.min(1, to / from), cutoff = 0.94 * narrow;
    this.half = Math.ceil(16 / narrow);
    this.rows = Array.from({ length: this.up }, (_, phase) => Float32Array.from({ length: 2 * this.half }, (_, tap) => {
      const x = tap - this.half + 1 - phase / this.up;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
      return cutoff * sinc * (0.5 + 0.5 * Math.cos(Math.PI * x / this.half));
    }));
    this.kept = new Float32Array(this.half - 1);
    this.at = this.half - 1;
    this.phase = 0;
  }

  run(input) {
    const sound = new Float32Array(this.kept.length + input.length);
    sound.set(this.kept);
    sound.set(input, this.kept.length);
    const out = [];
    while (this.at + this.half < sound.length) {
      const row = this.rows[this.phase], first = this.at - this.half + 1;
      let sum = 0;
      for (let tap = 0; tap < row.length; tap++) sum += sound[first + tap] * row[tap];
      out.push(sum);
      this.phase += this.down;
      this.at += Math.floor(this.phase / this.up);
      this.phase %= this.up;
    }
    const used = Math.min(this.at - this.half + 1, sound.length);
    this.kept = sound.slice(used);
    this.at -= used;
    return out;
  }
}

// Posts { pcm: 20 ms of int16, peak: 0 to 1 }.
registerProcessor("microphone", class extends AudioWorkletProcessor {
  #resampler = new Resampler(sampleRate, RATE);
  #silence = new Float32Array(128);
  #frame = new Int16Array(FRAME);
  #filled = 0;
  #peak = 0;

  process(inputs) {
    for (const value of this.#resampler.run(inputs[0][0] || this.#silence)) {
      const sample = Math.max(-1, Math.min(1, value));
      this.#peak = Math.max(this.#peak, Math.abs(sample));
      this.#frame[this.#filled++] = sample * 32767;
      if (this.#filled === FRAME) {
        this.port.postMessage({ pcm: this.#frame.buffer, peak: this.#peak }, [this.#frame.buffer]);
        this.#frame = new Int16Array(FRAME);
        this.#filled = this.#peak = 0;
      }
    }
    return true;
  }
});

// Takes int16 buffers at 16 kHz, and "drop"; posts { playing }.
registerProcessor("loudspeaker", class extends AudioWorkletProcessor {
  #resampler = new Resampler(RATE, sampleRate);
  #queue = [];
  #at = 0;
  #length = 0;
  #playing = false;
  #since = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => (data === "drop" ? this.#drop() : this.#take(new Int16Array(data)));
  }

  #take(pcm) {
    const sound = Float32Array.from(this.#resampler.run(Float32Array.from(pcm, (value) => value / 32768)));
    if (!this.#length) this.#since = currentTime;
    this.#queue.push(sound);
    this.#length += sound.length;
  }

  // What is in mid-air fades within milliseconds; the rest is never heard.
  #drop() {
    const rest = new Float32Array(Math.min(FADE, this.#playing ? this.#length : 0));
    for (let n = 0; n < rest.length; n++) rest[n] = this.#next() * (1 - n / rest.length);
    this.#queue = rest.length ? [rest] : [];
    this.#at = 0;
    this.#length = rest.length;
  }

  #next() {
    while (this.#queue.length && this.#at >= this.#queue[0].length) {
      this.#queue.shift();
      this.#at = 0;
    }
    if (!this.#queue.length) return 0;
    this.#length--;
    return this.#queue[0][this.#at++];
  }

  process(_inputs, outputs) {
    const [out] = outputs[0];
    const waited = this.#length >= AHEAD_S * sampleRate || currentTime - this.#since > AHEAD_S + 0.02;
    if (!this.#playing && this.#length && waited) this.#tell(true);
    if (this.#playing) for (let n = 0; n < out.length; n++) out[n] = this.#next();
    for (const other of outputs[0].slice(1)) other.set(out);
    if (this.#playing && !this.#length) this.#tell(false);
    return true;
  }

  #tell(playing) {
    this.#playing = playing;
    this.port.postMessage({ playing });
  }
});
