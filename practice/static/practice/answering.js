// The page of a question: its answers go to the journal, and the page says where they are.
// Without this file the form itself sends them. The words are those of practice/_journal.html.

const { journal } = globalThis;
const panel = document.querySelector("[data-journal]");
const form = document.getElementById("answer");
const session = location.pathname.match(/^.*\/[0-9a-f-]{36}\//)?.[0];
const url = `${session}answers/`;
const position = Number(location.pathname.slice(session?.length).match(/^(\d+)\//)?.[1]);
const state = panel?.querySelector("[data-journal-state]");
const notice = panel?.querySelector("[data-journal-notice]");
const words = (name) => panel.dataset[name];
const canLeave = () => !journal.isOffline || navigator.serviceWorker?.controller;

const show = (text, label, act) => {
  notice.querySelector("[data-journal-words]").textContent = text;
  const button = notice.querySelector("[data-journal-act]");
  button.hidden = !label;
  button.textContent = label ?? "";
  button.onclick = act ?? null;
  notice.hidden = false;
};
const hide = () => (notice.hidden = true);

// "Saved" is said of the newest answer only, and only once the server has it.
let newest;
const say = (name) => {
  state.textContent = words(name);
  state.dataset.journalState = name;
};

const SAID = { device: "device", direct: "direct", saved: "saved" };
const REFUSED = ["already", "late", "ended", "no_access", "unknown"];

const heard = ({ detail }) => {
  const { entry, status, help, isElsewhere } = detail;
  if (entry.url !== url) return;
  if (isElsewhere) show(words("elsewhere"), words("reload"), () => location.reload());
  if (entry.id !== newest?.id) return;
  if (SAID[status]) say(SAID[status]);
  else if (REFUSED.includes(status)) {
    say("refused");
    show(words(status.replace("_a", "A")), words("results"), () => location.assign(session));
  } else if (status === "unreadable") {
    state.textContent = "";
    show(help);
  }
};

// Fields
const { fieldsOf, isUnsure } = globalThis.early ?? {};
const fields = () => fieldsOf(form);
const picture = (one = form) => JSON.stringify([fieldsOf(one), fieldsOf(one).length > 0 && isUnsure(one)]);
// The form as it was written: what was clicked before this file had loaded is an answer too.
const pristine = () => {
  const copy = form.cloneNode(true);
  copy.reset();
  return copy;
};
const isOfflinePage = document.documentElement.hasAttribute("data-offline");
let before = form && picture(pristine());
let shownAt = performance.now();

const take = () => {
  before = picture();
  newest = journal.record({ url, position, fields: fields(), isUnsure: isUnsure(form), seconds: (performance.now() - shownAt) / 1000 });
  say("saving");
  shownAt = performance.now();
  remember();
  return newest;
};
const takeChange = () => picture() !== before && take();

// Questions that are kept to go on offline. The database is deleted at sign-out.
const questions = () =>
  idb.openDB("testbank-questions", 1, {
    upgrade: (database) => {
      database.createObjectStore("questions", { keyPath: ["user", "session", "position"] });
      database.createObjectStore("sessions", { keyPath: ["user", "session"] });
    },
    blocking: (_old, _new, { target }) => target.close(),
  });
const within = async (work) => {
  const database = await questions();
  try {
    return await work(database);
  } finally {
    database.close();
  }
};

const remember = () => {
  const given = fields();
  within(async (database) => {
    const kept = await database.get("questions", [journal.user, session, position]);
    if (kept) await database.put("questions", { ...kept, given, isUnsure: isUnsure(form) });
  }).catch(() => {});
};

// For the service worker, which may not control this page yet. One picture that is missing holds up no other.
const keepFiles = async (some) => {
  if (!globalThis.caches || document.documentElement.dataset.worker === "off") return;
  const pictures = some.flatMap(({ html }) => [...html.matchAll(/<img[^>]* src="(\/[^"]+)"/g)].map((found) => found[1]));
  const [shell, cache] = await Promise.all([caches.open("shell"), caches.open("pictures")]);
  // In the language of this page.
  const page = new Request(panel.dataset.shell, { cache: "no-store" });
  await Promise.allSettled([shell.add(page), ...[...new Set(pictures)].map((picture) => cache.add(picture))]);
};

const keepQuestions = async () => {
  const isEnough = await within(async (database) => {
    const kept = await database.get("sessions", [journal.user, session]);
    const range = IDBKeyRange.bound([journal.user, session, position + 1], [journal.user, session, Infinity]);
    const ahead = await database.count("questions", range);
    return kept && (kept.is_exam || ahead >= Math.min(10, kept.total - position));
  });
  if (isEnough) return;
  const response = await fetch(`${session}questions/`, { cache: "no-store" });
  const answer = response.ok && (await response.json());
  if (!answer || answer.user !== journal.user) return;
  const { questions: some, seconds_left: left, ...about } = answer;
  await keepFiles(some);
  const positions = some.map((one) => one.position);
  const ends = left === null ? null : Date.now() + 1000 * left;
  await within(async (database) => {
    const change = database.transaction(["questions", "sessions"], "readwrite");
    const store = change.objectStore("questions");
    const kept = await store.getAllKeys(IDBKeyRange.bound([journal.user, session], [journal.user, session, []]));
    await Promise.all([
      ...kept.filter((key) => !positions.includes(key[2])).map((key) => store.delete(key)),
      ...some.map((one) => store.put({ ...one, user: journal.user, session })),
      change.objectStore("sessions").put({ ...about, session, ends }),
      change.done,
    ]);
  });
};

// Going on
const leave = async (target) => {
  await journal.flush(1500, url);
  if (canLeave()) location.assign(target);
  else show(words("offline"));
};

// What the server has not taken yet is not on its page.
const restore = async () => {
  await journal.ready;
  const entry = journal.waiting(url).findLast((one) => one.position === position);
  if (!entry || newest || picture() !== before) return;
  journal.fill(form, entry.fields, entry.is_unsure);
  before = picture();
  newest = entry;
  say("device");
  if (form.dataset.exam === undefined) awaitResult();
};

const isBusy = (value) => form.querySelectorAll("button[type=submit]").forEach((button) => (button.disabled = value));

// In a practice session the key is shown once the server has the answer; offline the next question is.
const check = async () => {
  take();
  await awaitResult();
};
const awaitResult = async () => {
  const entry = newest;
  isBusy(true);
  await journal.flush(4000, url);
  if (journal.isSaved(entry)) return;
  const label = position < Number(panel.dataset.total) ? words("next") : undefined;
  show(words(journal.blocked ? "waiting" : "verdict"), label, () => location.assign(place("next")));
};
const checked = async ({ detail: { entry, status } }) => {
  if (entry.id !== newest?.id || ["device", "direct"].includes(status)) return;
  isBusy(false);
  if (status === "unreadable") newest = undefined;
  else if (!REFUSED.includes(status) || status === "already") {
    // It is answered: offline it is not asked again.
    await within((database) => database.delete("questions", [journal.user, session, position])).catch(() => {});
    location.assign(location.pathname);
  }
};

const place = (go) => {
  const last = Number(panel.dataset.total);
  if (go === "review" || (go === "next" && position === last)) return `${session}finish/`;
  const target = { next: position + 1, back: position - 1 }[go] ?? Number(go);
  return `${session}${Math.min(Math.max(target, 1), last)}/`;
};

const clear = () => {
  for (const input of form.querySelectorAll(".choices input")) input.checked = false;
  for (const input of form.querySelectorAll("input[name=number], input[name=text], textarea[name=text]")) input.value = "";
  takeChange();
};

const submitted = (event) => {
  const go = event.submitter?.value ?? "";
  if (event.submitter?.name !== "go") {
    event.preventDefault();
    if (form.dataset.exam !== undefined) takeChange();
    else if (!newest || journal.isSaved(newest)) check();
    return;
  }
  if (go === "flag") {
    if (journal.isOffline) event.preventDefault();
    return;
  }
  event.preventDefault();
  if (go === "clear") return clear();
  takeChange();
  leave(place(go));
};

const answerInExam = () => {
  let timer;
  takeChange();
  early.stop();
  form.addEventListener("change", takeChange);
  form.addEventListener("input", ({ target }) => {
    if (!target.matches("input:not([type=radio], [type=checkbox]), textarea")) return;
    clearTimeout(timer);
    timer = setTimeout(takeChange, 600);
  });
  addEventListener("pagehide", takeChange);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && takeChange());
};

// From session.js, when the clock has reached zero. What is on its way still counts for some seconds.
const timeIsUp = async (event) => {
  event.preventDefault();
  if (form?.dataset.exam !== undefined) takeChange();
  const isSent = await journal.flush(3000, url);
  if (isSent && (await event.detail.end().then(() => true, () => false))) return;
  if (canLeave() && !journal.isOffline) location.reload();
  else show(words("timeup"));
};

// Notices
const signIn = async () => {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  const fill = async (response) => {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = page.querySelector("main form[method=post]");
    if (!response.url.includes("/accounts/") || !found) {
      dialog.close();
      // The token changes with every sign-in.
      document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((input) => (input.value = journal.csrf));
      return journal.hurry();
    }
    found.setAttribute("action", new URL(found.getAttribute("action") || response.url, response.url).href);
    dialog.replaceChildren(page.querySelector("main h1") ?? "", document.adoptNode(found));
    dialog.querySelector("input:not([type=hidden])")?.focus();
  };
  dialog.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { target } = event;
    const response = await fetch(target.action, { method: "POST", body: new FormData(target) }).catch(() => undefined);
    if (response) await fill(response);
  });
  dialog.showModal();
  const response = await fetch(`${panel.dataset.signIn}?next=${encodeURIComponent(location.pathname)}`).catch(() => undefined);
  if (response) await fill(response);
  else dialog.close();
};

const blocked = ({ detail: reason }) => {
  if (!reason) hide();
  else if (reason === "signed_out") show(words("signedOut"), words("signInLabel"), signIn);
  else show(words("anotherUser"), words("reload"), () => location.assign("/"));
};

const channel = globalThis.BroadcastChannel && new BroadcastChannel("testbank-session");
const takeOver = () => {
  if (!channel) return;
  const tab = Math.random();
  channel.addEventListener("message", ({ data }) => {
    if (data.session !== session || data.tab === tab) return;
    show(words("anotherTab"), words("here"), () => location.reload());
  });
  channel.postMessage({ session, tab });
};

// On the page that ends a session, nothing may wait on this device.
const finishing = () => {
  const last = panel.closest("[data-session]").querySelector("form[method=post]");
  last?.addEventListener("submit", async (event) => {
    event.preventDefault();
    // What earlier pages left is loaded first. A database that never opens must not hold up the end.
    await Promise.race([journal.ready, new Promise((go) => setTimeout(go, 2000))]);
    if (journal.waiting(url).length) say("saving");
    if (await journal.flush(5000, url)) return last.submit();
    state.textContent = "";
    show(words("unsent"));
  });
};

const unsentBefore = async () => {
  const entries = await journal.ready;
  const waiting = entries.filter((entry) => Date.now() - entry.at > 60_000);
  if (!waiting.length) return;
  const oldest = new Date(Math.min(...waiting.map(({ at }) => at)));
  const since = oldest.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  if (!(await journal.flush(3000))) show(words("since").replace("%date%", since));
};

if (panel && journal?.user) {
  journal.events.addEventListener("change", heard);
  journal.events.addEventListener("blocked", blocked);
  if (form) {
    form.addEventListener("submit", submitted);
    if (form.dataset.exam === undefined) journal.events.addEventListener("change", checked);
    else answerInExam();
    restore();
    takeOver();
  } else if (panel.dataset.finish !== undefined) finishing();
  addEventListener("timeup", timeIsUp);
  unsentBefore();
  if (!isOfflinePage && panel.dataset.open !== undefined) {
    keepQuestions().catch(() => {}); // A full disk: online nothing is missing.
  }
}
