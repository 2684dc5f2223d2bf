// A photograph of twelve megabytes, lying on its side, becomes one that a page needs: upright, 1600 points, without the
// place where it was taken. A browser that cannot do that sends it as it is.
const MOST = 1600;

export async function shrunk(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const share = Math.min(1, MOST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * share);
    canvas.height = Math.round(picture.height * share);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch (_) {
    return file;
  }
}

for (const input of document.querySelectorAll("input[type=file][data-shrink]")) {
  input.addEventListener("change", async () => {
    if (!input.files.length) return;
    const files = new DataTransfer();
    files.items.add(await shrunk(input.files[0]));
    input.files = files.files;
  });
}
