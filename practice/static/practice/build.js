// The builder counts the questions that fit after every change. Without this file, a button does.

const form = document.querySelector("[data-builder]");
let running;

const recount = async () => {
  running?.abort();
  const mine = (running = new AbortController());
  const chosen = [...new FormData(form)].filter(([name, value]) => value && !["csrfmiddlewaretoken", "name"].includes(name));
  const url = `${form.dataset.builder}?${new URLSearchParams(chosen)}`;
  history.replaceState(null, "", url);
  const answer = await fetch(url, { signal: mine.signal }).catch(() => undefined);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("[data-count]").replaceChildren(...page.querySelector("[data-count]").childNodes);
};

if (form) {
  form.querySelector("[data-recount]").hidden = true;
  form.addEventListener("change", recount);
}
