// What is selected in an exam before answering.js has loaded is written to localStorage. If the page
// is left by then, the journal of the next page sends it. Not a module: those wait for the whole page.

globalThis.early = (() => {
  const key = `early:${Date.now()}.${Math.random()}`;
  const session = location.pathname.match(/^.*\/[0-9a-f-]{36}\//)?.[0];
  const position = Number(location.pathname.slice(session?.length).match(/^(\d+)\//)?.[1]);

  const OURS = ["csrfmiddlewaretoken", "shown", "go", "flag", "unsure", "client_id", "sequence"];
  const fieldsOf = (form) => [...new FormData(form)].filter(([name, value]) => !OURS.includes(name) && value.trim?.() !== "");
  const isUnsure = (form) => Boolean(form.elements.unsure?.checked);

  const stored = (work) => {
    try {
      return work(localStorage);
    } catch {
      return undefined; // Storage is off, or full.
    }
  };

  const keep = ({ target }) => {
    const { form } = target;
    if (form?.id !== "answer" || form.dataset.exam === undefined) return;
    const user = document.documentElement.dataset.user || stored((store) => store.getItem("journal-user"));
    const answer = {
      user,
      url: `${session}answers/`,
      position,
      fields: fieldsOf(form),
      isUnsure: isUnsure(form),
      seconds: performance.now() / 1000,
      at: Date.now(),
    };
    if (user) stored((store) => store.setItem(key, JSON.stringify(answer)));
  };

  // Once answering.js has what was selected, and hears of what will be.
  const stop = () => {
    removeEventListener("change", keep);
    removeEventListener("input", keep);
    stored((store) => store.removeItem(key));
  };

  addEventListener("change", keep);
  addEventListener("input", keep);
  return { key, session, position, fieldsOf, isUnsure, stop };
})();
