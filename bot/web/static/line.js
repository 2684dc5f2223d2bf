// One call: sound and captions over a websocket (bot/lines/browser.py).

import { Sound } from "./sound.js";

const LONGEST_TAIL_S = 20;

// Told by events: "state" (dialling, speaking, listening, thinking, over), "caption", "case", "level".
export class Line extends EventTarget {
  #sound = new Sound();
  #socket = null;
  #state = "";
  #playing = false;
  #thinking = false;
  #ending = false;
  #reason = "";

  // Raises NoMicrophone. `open` comes from a tap; `facts`: grid, caller, demo.
  async open(facts) {
    this.#tell("state", { state: this.#state = "dialling" });
    await this.#sound.open();
    if (this.#ending) return this.#sound.close();
    this.#sound.onplaying = (playing) => { this.#playing = playing; this.#look(); };
    this.#sound.onlost = () => this.hangUp();
    const query = new URLSearchParams(facts);
    const socket = this.#socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/phone/line?${query}`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#told(JSON.parse(data)) : this.#sound.play(data));
    socket.onopen = () => {
      this.#sound.onframe = ({ pcm, peak }) => {
        // A stalled network must not fill the telephone's memory.
        if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < 1 << 20) socket.send(pcm);
        this.#tell("level", { peak });
      };
      this.#look();
    };
    socket.onclose = ({ code }) => this.#over(code === 1000 || this.#ending ? "" : "lost");
  }

  key(digit) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ key: digit }));
  }

  hangUp() {
    this.#ending = true;
    this.#sound.drop();
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ hang_up: true }));
    this.#socket?.close();
    this.#over("");
  }

  #told(message) {
    if (message.drop) {
      this.#thinking = false;
      this.#sound.drop();
    } else if (message.event === "refused") {
      this.#reason = message.text;
    } else if (message.event === "case") {
      this.#tell("case", message);
    } else {
      if (message.event === "heard" || message.event === "key") this.#thinking = true;
      if (message.event === "said") this.#thinking = false;
      this.#tell("caption", message);
    }
    this.#look();
  }

  #look() {
    // Until Gege has begun to speak, nobody listens yet.
    if (this.#state === "over" || this.#ending || (this.#state === "dialling" && !this.#playing)) return;
    const state = this.#playing ? "speaking" : this.#thinking ? "thinking" : "listening";
    if (this.#socket?.readyState !== WebSocket.OPEN || state === this.#state) return;
    this.#tell("state", { state: this.#state = state });
  }

  // The last sentence is heard to its end, then everything is let go of.
  #over(lost) {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#sound.deafen();
    const close = () => this.#sound.close();
    if (this.#ending || lost || !this.#playing) setTimeout(close, 300);
    else {
      this.#sound.onplaying = (playing) => playing || close();
      setTimeout(close, LONGEST_TAIL_S * 1000);
    }
    this.#tell("state", { state: "over", lost: Boolean(lost) && !this.#reason, reason: this.#reason });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
