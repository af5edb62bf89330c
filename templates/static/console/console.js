// The console's own script: buttons with `data-copy` put their text on the clipboard.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    // No clipboard without TLS: select the text instead, so that one key press copies it.
    const range = document.createRange();
    range.selectNodeContents(button.previousElementSibling);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = label; }, 1500);
});

// Forms with `data-upload` show how far a large file is; without this script the browser sends them as they are.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form) return;
  event.preventDefault();
  const [panel, alert, button] = [".mu-upload", "[role=alert]", "[type=submit]"].map((each) => form.querySelector(each));
  const [bar, words] = [panel.querySelector("progress"), panel.querySelector("[role=status]")];
  const request = new XMLHttpRequest();
  const leave = (leaving) => leaving.preventDefault();
  const refuse = (text) => {
    removeEventListener("beforeunload", leave);
    [panel.hidden, alert.hidden, button.disabled, alert.textContent] = [true, false, false, text];
  };
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = (100 * loaded) / total;
    words.textContent = loaded < total ? `${Math.floor(bar.value)} %` : "Reading the app …";
  });
  request.addEventListener("error", () => refuse("The connection broke. Try again."));
  request.addEventListener("load", () => {
    const answer = request.response || {};
    if (!answer.address) return refuse(answer.message || `The server answered ${request.status}. Try again.`);
    removeEventListener("beforeunload", leave);
    location.assign(answer.address);
  });
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  addEventListener("beforeunload", leave);
  [panel.hidden, alert.hidden, button.disabled, bar.value] = [false, true, true, 0];
  request.send(new FormData(form));
});
