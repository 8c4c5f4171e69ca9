// A form with data-live sends itself at every change and shows the answer in place; so do the links
// with data-live-link among its results. Without this file all of them fetch whole pages.
//
// The address is the truth: it is written first, and what stands on the page follows it, forwards
// and backwards, however quickly one goes. An answer that was overtaken is thrown away.

const form = document.querySelector("form[data-live]");
const told = document.querySelector("[data-live-told]");
let running;

const results = () => document.querySelector(form.dataset.live);

const asked = () => {
  const given = [...new FormData(form)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(given).toString();
  return form.action.split("?")[0] + (query ? `?${query}` : "");
};

const fill = (url) => {
  const given = new URL(url, location.href).searchParams;
  for (const field of form.elements) {
    if (!field.name) continue;
    const value = given.get(field.name) ?? "";
    if (field.type === "checkbox") field.checked = field.value === value;
    else field.value = value;
    if (field.tagName === "SELECT" && field.selectedIndex < 0) field.selectedIndex = 0;
  }
};

// A mistake is told at its field, which itself stays: somebody may be writing in it. A fold around
// it opens, since a mistake in a closed one is not seen.
const putProblems = (page) => {
  for (const problem of form.querySelectorAll(".field__error")) {
    problem.textContent = page.getElementById(problem.id)?.textContent ?? "";
    const field = form.querySelector(`[aria-describedby="${problem.id}"]`);
    field.toggleAttribute("aria-invalid", false);
    if (!problem.textContent) continue;
    field.setAttribute("aria-invalid", "true");
    problem.closest("details")?.setAttribute("open", "");
  }
  return [...form.querySelectorAll(".field__error:not(:empty)")].map((problem) => problem.textContent);
};

const put = (page) => {
  const old = results();
  const fresh = document.adoptNode(page.querySelector(form.dataset.live));
  const hadKeyboard = old.contains(document.activeElement);
  old.replaceWith(fresh);
  document.title = page.title;
  const heading = fresh.querySelector("h2");
  told.textContent = [...putProblems(page), heading.textContent.trim()].join(" ");
  if (!hadKeyboard) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
};

const show = async (url) => {
  running?.abort();
  const mine = (running = new AbortController());
  results().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { signal: mine.signal });
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text();
    if (!mine.signal.aborted) put(new DOMParser().parseFromString(text, "text/html"));
  } catch (error) {
    // Not to a page that somebody has left meanwhile.
    if (!mine.signal.aborted) location.replace(url);
  }
};

const go = (url) => {
  if (url !== location.href) history.pushState(null, "", url);
  return show(url);
};

const followed = (event) => {
  const link = event.target.closest("a[data-live-link]");
  const isPlain = !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || !results().contains(link)) return;
  event.preventDefault();
  fill(link.href);
  // Another page of the list is read from its beginning; without a filter one stays where one is.
  go(link.href).then(() => link.rel && results().scrollIntoView({ block: "start" }));
};

if (form) {
  form.addEventListener("change", () => go(asked()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(asked());
  });
  document.addEventListener("click", followed);
  addEventListener("popstate", () => {
    fill(location.href);
    show(location.href);
  });
  addEventListener("pagehide", () => running?.abort());
}
