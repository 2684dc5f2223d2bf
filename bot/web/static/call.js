// One call of the log: a press on a turn, or in the drawing, plays from there; a line shows where the sound is.
const sound = document.querySelector("audio");
const wave = document.querySelector(".wave");

if (sound && wave) {
  // Whole in the browser: only then can every moment be jumped to.
  fetch(sound.getAttribute("src"))
    .then((answer) => (answer.ok ? answer.blob() : Promise.reject(new Error(String(answer.status)))))
    .then((blob) => {
      sound.src = URL.createObjectURL(blob);
    })
    .catch(() => {}); // plays from its beginning all the same
  const seconds = Number(wave.dataset.seconds);
  const hand = wave.querySelector(".hand");
  const columns = wave.viewBox.baseVal.width;
  const play = (from) => {
    sound.currentTime = Math.min(Math.max(from, 0), seconds);
    sound.play().catch(() => {}); // the browser's own controls are still there
  };
  wave.addEventListener("click", (event) => {
    const box = wave.getBoundingClientRect();
    play(((event.clientX - box.left) / box.width) * seconds);
  });
  for (const turn of document.querySelectorAll("[data-begins]")) {
    turn.querySelector(".from").addEventListener("click", () => play(Number(turn.dataset.begins)));
  }
  sound.addEventListener("timeupdate", () => {
    const x = (sound.currentTime / seconds) * columns;
    hand.setAttribute("x1", x);
    hand.setAttribute("x2", x);
  });
}
