// The journal of answers. Each answer is written on this device first, then sent, in order and
// again and again, until the server has said what became of it. No entry expires.
//
// An entry stands in three places: in memory, in localStorage (which is written before a click
// returns, so that leaving at once loses nothing), and in IndexedDB, after which the first copy in
// localStorage is removed. Entries carry the user who answered; only that user's are ever sent.

const DATABASE = "testbank-journal";
const LOG = "journal:";
const EARLY = "early:";
const MOST = 50;
const PATIENCE = 20_000;
const LONGEST_WAIT = 15_000;
// Sequence numbers are at least the seconds since then: they grow also where storage is off.
const EPOCH = Date.UTC(2026, 0, 1);
// A clock that is set to the next century must not use up the numbers that the server takes.
const LATEST = 2 ** 30;
const loadedAt = Date.now();

const stored = (work) => {
  try {
    return work(localStorage);
  } catch {
    return undefined; // Storage is off, or full.
  }
};
const random = (bytes) =>
  [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const user = document.documentElement.dataset.user || stored((store) => store.getItem("journal-user")) || "";
const device = stored((store) => store.getItem("journal-device")) || random(8);
stored((store) => store.setItem("journal-device", device));
const client = `${device}.${random(8)}`;

// IndexedDB. WebKit closes the handles of tabs in the background: a dead one is opened again.
let handle;
const open = () =>
  idb.openDB(DATABASE, 1, {
    upgrade: (database) => database.createObjectStore("entries", { keyPath: "id" }).createIndex("user", "user"),
    blocking: (_old, _new, { target }) => target.close(),
    terminated: () => (handle = undefined),
  });

const inDatabase = async (mode, work) => {
  for (let tries = 1; ; tries += 1) {
    try {
      handle ??= open();
      const change = (await handle).transaction("entries", mode, { durability: "strict" });
      const [result] = await Promise.all([work(change.store), change.done]);
      return result;
    } catch (error) {
      handle?.then((database) => database.close()).catch(() => {});
      handle = undefined;
      if (tries === 3 || !["UnknownError", "InvalidStateError", "AbortError"].includes(error?.name)) throw error;
    }
  }
};

const pending = new Map();
const onDevice = new Set();
const writes = new Map();
const aside = new Map();
const oneByOne = new Set();
const events = new EventTarget();
let blocked = "";
let isFailing = false;
let failed = "";
let last = 0;

const tell = (entry, status, more = {}) =>
  events.dispatchEvent(new CustomEvent("change", { detail: { entry, status, ...more } }));

const next = () => {
  const before = Number(stored((store) => store.getItem("journal-sequence"))) || 0;
  last = Math.max(last + 1, before + 1, Math.min(Math.floor((Date.now() - EPOCH) / 1000), LATEST));
  stored((store) => store.setItem("journal-sequence", String(last)));
  return last;
};

const write = (entry) => {
  const isLogged = stored((store) => (store.setItem(LOG + entry.id, JSON.stringify(entry)), true)) ?? false;
  const done = inDatabase("readwrite", (store) => store.put(entry)).then(
    () => {
      onDevice.add(entry.id);
      stored((store) => store.removeItem(LOG + entry.id));
      if (pending.has(entry.id)) tell(entry, "device");
    },
    // The copy in localStorage stays: a full or closed database loses nothing by it.
    () => pending.has(entry.id) && tell(entry, isLogged ? "device" : "direct"),
  );
  writes.set(entry.id, done);
  return done;
};

const enter = ({ url, position, fields, isUnsure, seconds, at }) => {
  const sequence = next();
  const entry = {
    id: `${client}:${sequence}`,
    user,
    url,
    client_id: client,
    sequence,
    position,
    fields,
    language: document.documentElement.lang,
    is_unsure: isUnsure,
    seconds,
    at,
  };
  pending.set(entry.id, entry);
  tell(entry, "taken");
  write(entry);
  return entry;
};

// Take an answer: `url` takes the answers of its session, `fields` are those of its form.
const record = (answer) => {
  const entry = enter({ ...answer, at: Date.now() });
  send();
  navigator.storage?.persist?.().catch(() => {});
  return entry;
};

const settle = (entry, result, isElsewhere) => {
  pending.delete(entry.id);
  stored((store) => store.removeItem(LOG + entry.id));
  (writes.get(entry.id) ?? Promise.resolve())
    .then(() => inDatabase("readwrite", (store) => store.delete(entry.id)))
    // It is sent once more on the next page, and the server knows it.
    .catch(() => {});
  writes.delete(entry.id);
  tell(entry, result.status, { help: result.help, isElsewhere });
};

// Sending
const bySequence = (one, other) => one.sequence - other.sequence || one.at - other.at;
// Monotonic: when to send next does not depend on a clock that is set meanwhile.
const waits = (key) => (aside.get(key) ?? 0) > performance.now();
const setAside = (key, milliseconds) => aside.set(key, performance.now() + milliseconds);

// The next entries, all of one session; after a failure those of another one, if there are any.
const batch = () => {
  const ready = [...pending.values()].filter(({ id, url }) => !waits(id) && !waits(url)).sort(bySequence);
  const { url } = ready.find((entry) => entry.url !== failed) ?? ready[0] ?? {};
  return ready.filter((entry) => entry.url === url).slice(0, oneByOne.has(url) ? 1 : MOST);
};
const csrf = () => document.cookie.match(/(?:^|; )testbank_csrf=([^;]*)/)?.[1] ?? "";
const seconds = (from) => Math.max(0, (Date.now() - from) / 1000);

// Returns the response and what it says. A network can fall silent at any time: also before the end.
const request = async (url, options) => {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  try {
    const response = await fetch(url, { ...options, signal: patience.signal });
    return [response, await response.json().catch(() => undefined)];
  } finally {
    clearTimeout(timer);
  }
};

const deliver = (url, entries) => {
  const sent = entries.map(({ at, user: _user, url: _url, id: _id, ...entry }) => ({ ...entry, age_seconds: seconds(at) }));
  const text = JSON.stringify({ user, page_age_seconds: seconds(loadedAt), entries: sent });
  const body = new TextEncoder().encode(text);
  return request(url, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
    // Browsers keep at most 64 kB alive after a page is left.
    keepalive: body.length < 50_000,
  });
};

const block = (reason) => {
  blocked = reason;
  events.dispatchEvent(new CustomEvent("blocked", { detail: reason }));
};

// Returns 0 to go on, or how many milliseconds to wait at least.
const post = async (entries) => {
  const { url } = entries[0];
  const [response, answer] = await deliver(url, entries);
  if (response.ok && answer?.results) {
    if (blocked) block("");
    const results = new Map(answer.results.map((one) => [`${one.client_id}:${one.sequence}`, one]));
    for (const entry of entries) {
      const result = results.get(entry.id);
      if (result?.status === "paused") setAside(url, LONGEST_WAIT);
      else if (result) settle(entry, result, answer.is_elsewhere);
    }
    return entries.some(({ id }) => pending.has(id)) && !waits(url) ? 1 : 0;
  }
  // A session that is gone, or an entry that no server reads, must not hold up the others.
  if ([400, 404, 413].includes(response.status)) {
    if (response.status === 404) setAside(url, 20 * LONGEST_WAIT);
    else if (entries.length > 1) oneByOne.add(url);
    else setAside(entries[0].id, 20 * LONGEST_WAIT);
    return 0;
  }
  if (response.status === 401) block("signed_out");
  else if (response.status === 403 && answer?.reason === "another_user") block("another_user");
  // The cookie of the CSRF token changes with every sign-in.
  else if (response.status === 403) await request(url, { cache: "no-store" });
  return 1000 * Number(response.headers.get("Retry-After")) || 1;
};

let running;
let timer;
let delay = 0;
const run = async () => {
  for (;;) {
    const entries = batch();
    if (!entries.length) return pending.size ? LONGEST_WAIT : 0;
    const wait = await post(entries).catch(() => 1);
    isFailing = wait > 0;
    failed = wait ? entries[0].url : "";
    if (!wait) {
      delay = 0;
      continue;
    }
    events.dispatchEvent(new Event("failing"));
    delay = Math.min(Math.max(delay * 2, 400), LONGEST_WAIT);
    return Math.max(delay * (0.75 + Math.random() / 2), Math.min(wait, 60_000));
  }
};

// Sends now what is pending; afterwards again and again, later each time.
const send = () => {
  clearTimeout(timer);
  running ??= run()
    .then((wait) => {
      running = undefined;
      if (wait) timer = setTimeout(send, wait);
    });
  return running;
};
const hurry = () => {
  delay = 0;
  return send();
};

const keysFrom = (start) => stored((store) => Object.keys(store).filter((key) => key.startsWith(start))) ?? [];

// What early.js wrote on pages that were left before their scripts had loaded.
const enterEarly = () => {
  const kept = keysFrom(EARLY)
    .filter((key) => key !== globalThis.early?.key)
    .map((key) => [key, stored((store) => JSON.parse(store.getItem(key)))])
    .filter(([, answer]) => answer?.user === user)
    .sort(([, one], [, other]) => one.at - other.at);
  for (const [key, answer] of kept) {
    enter(answer);
    stored((store) => store.removeItem(key));
  }
};

// What earlier pages left, of this user.
const load = async () => {
  enterEarly();
  const keys = keysFrom(LOG);
  for (const key of keys) {
    const entry = stored((store) => JSON.parse(store.getItem(key)));
    if (!entry || pending.has(entry.id)) continue;
    if (entry.user === user) pending.set(entry.id, entry);
    write(entry);
  }
  const entries = await inDatabase("readonly", (store) => store.index("user").getAll(user)).catch(() => []);
  for (const entry of entries) {
    onDevice.add(entry.id);
    if (!writes.has(entry.id)) pending.set(entry.id, entry);
  }
  if (pending.size) send();
  return entries;
};

const ready = user ? load() : Promise.resolve([]);

addEventListener("online", hurry);
addEventListener("pageshow", ({ persisted }) => persisted && load().then(hurry));
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && pending.size && hurry());

const waiting = (url) => [...pending.values()].filter((entry) => !url || entry.url === url).sort(bySequence);

// Resolves once nothing of `url` (or nothing at all) waits, or after `most` milliseconds.
const flush = async (most, url) => {
  const ends = performance.now() + most;
  hurry();
  while (waiting(url).length && performance.now() < ends && navigator.onLine) await new Promise((go) => setTimeout(go, 25));
  return !waiting(url).length;
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.action?.endsWith?.("/accounts/logout/") || !pending.size || form.dataset.flushed) return;
  event.preventDefault();
  form.dataset.flushed = "1";
  await flush(1500);
  form.submit();
});

// Show an answer in the form of its question, as if the server had written it so.
const fill = (form, fields, isUnsure) => {
  const check = (input, isChecked) => (input.checked = input.defaultChecked = isChecked);
  form.querySelectorAll(".choices input").forEach((input) => check(input, false));
  for (const [name, value] of fields) {
    for (const input of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (!["radio", "checkbox"].includes(input.type)) input.value = input.defaultValue = value;
      else if (input.value === value) check(input, true);
    }
  }
  if (form.elements.unsure) check(form.elements.unsure, isUnsure);
};

globalThis.journal = {
  user,
  device,
  ready,
  events,
  record,
  flush,
  hurry,
  fill,
  isSaved: (entry) => !pending.has(entry.id),
  waiting,
  get csrf() {
    return csrf();
  },
  get blocked() {
    return blocked;
  },
  get isOffline() {
    return !navigator.onLine || isFailing;
  },
};
