// The wall: fills the screen when asked, and sounds once when a danger is there that was not there before.
(function () {
  var full = document.getElementById("full");
  var sound = document.getElementById("sound");
  var dangers = function () {
    var wall = document.getElementById("wall");
    return wall ? Number(wall.dataset.dangers) : 0;
  };
  if (full && document.documentElement.requestFullscreen) {
    full.hidden = false;
    full.addEventListener("click", function () {
      document.documentElement.requestFullscreen();
    });
  }
  if (!sound || !window.AudioContext) return;
  sound.closest("label").hidden = false;
  var audio = null;
  sound.addEventListener("change", function () {
    audio = sound.checked ? audio || new AudioContext() : audio;
    ring();
  });
  var ring = function () {
    if (!audio || !sound.checked) return;
    var tone = audio.createOscillator();
    var loud = audio.createGain();
    tone.frequency.value = 660;
    loud.gain.setValueAtTime(0.3, audio.currentTime);
    loud.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 1.2);
    tone.connect(loud).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 1.2);
  };
  var known = dangers();
  document.body.addEventListener("htmx:after:swap", function () {
    if (dangers() > known) ring();
    known = dangers();
  });
})();
