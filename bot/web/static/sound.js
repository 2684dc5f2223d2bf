// A browser's microphone and loudspeaker, opened together and let go of together.

// Why there is no microphone, in words for the page.
export class NoMicrophone extends Error {}

// Empty when a microphone may be asked for; else the reason in plain words.
export function whyNoMicrophone() {
  if (!window.isSecureContext) return "这个网址不带 https，浏览器不让用话筒。请用 https 开头的网址打开，或者在本机上用 localhost。";
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) return "这个浏览器用不了话筒，请换一个新一点的浏览器。";
  return "";
}

const REASONS = {
  NotAllowedError: "话筒没让用。请在浏览器里点“允许”，再打一次。",
  NotFoundError: "没找到话筒。请接上话筒，再打一次。",
  NotReadableError: "话筒被别的程序占着。请关掉它，再打一次。",
};

export class Sound {
  onframe = () => {};      // ({ pcm, peak }) every 20 ms
  onplaying = () => {};    // (true or false)
  onlost = () => {};       // the microphone went away
  #context = null;
  #stream = null;
  #speaker = null;

  // Call it from a tap: browsers let nothing sound before one. `natural`: without the browser's own clean-up.
  async open({ natural = false } = {}) {
    const why = whyNoMicrophone();
    if (why) throw new NoMicrophone(why);
    this.#context = new AudioContext({ latencyHint: "interactive" });
    try {
      const running = this.#context.resume();
      const clean = !natural;
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: clean, noiseSuppression: clean, autoGainControl: clean },
      });
      await this.#context.audioWorklet.addModule(new URL("./sound-worklets.js", import.meta.url));
      await running;
      const microphone = new AudioWorkletNode(this.#context, "microphone", { numberOfOutputs: 0 });
      microphone.port.onmessage = ({ data }) => this.onframe(data);
      this.#speaker = new AudioWorkletNode(this.#context, "loudspeaker", { numberOfInputs: 0 });
      this.#speaker.port.onmessage = ({ data }) => this.onplaying(data.playing);
      this.#speaker.connect(this.#context.destination);
      this.#context.createMediaStreamSource(this.#stream).connect(microphone);
      this.#stream.getAudioTracks()[0].addEventListener("ended", () => this.onlost());
    } catch (problem) {
      await this.close();
      throw new NoMicrophone(REASONS[problem.name] || "话筒打不开，请再试一次。");
    }
  }

  play(pcm) {
    this.#speaker?.port.postMessage(pcm, [pcm]);
  }

  drop() {
    this.#speaker?.port.postMessage("drop");
  }

  // The microphone is off at once; what is still to be heard goes on until `close`.
  deafen() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
  }

  async close() {
    this.deafen();
    const context = this.#context;
    this.#context = this.#speaker = null;
    if (context && context.state !== "closed") await context.close();
  }
}
