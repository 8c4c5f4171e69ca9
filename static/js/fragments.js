// Parts of this page (data-fragment) that another page knows better: the link with data-fragments
// leads to that page. Without this file, the link does.

const link = document.querySelector("a[data-fragments]");
const places = () => document.querySelectorAll("[data-fragment]");

const bring = async () => {
  const answer = await fetch(link.href);
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const place of places()) {
    const part = page.querySelector(`[data-fragment="${CSS.escape(place.dataset.fragment)}"]`);
    // Whoever has the keyboard there already is not interrupted.
    if (part && !place.contains(document.activeElement)) place.replaceWith(document.adoptNode(part));
  }
};

if (link) {
  for (const place of places()) place.setAttribute("aria-busy", "true");
  bring()
    .catch(() => {})
    .finally(() => places().forEach((place) => place.removeAttribute("aria-busy")));
}
