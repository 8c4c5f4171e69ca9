// A page that waits for something (data-again-seconds) asks whether it has come, and is loaded anew
// only then: nobody who reads is interrupted. Without this file the page loads itself every time.

const place = document.querySelector("[data-again-seconds]");

const ask = async () => {
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok && !page.querySelector("[data-again-seconds]")) return location.reload();
  } catch {
    // No network for a moment: asked again.
  }
  later();
};

const later = () => setTimeout(ask, 1000 * place.dataset.againSeconds);

if (place) later();
