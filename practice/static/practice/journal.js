// The journal of answers. Each answer is written on this device first, then sent, in order and
// again and again, until the server has said what became of it. No entry expires.
//
// An entry stands in three places: in memory, in localStorage (which is written before a click
// returns, so that leaving at once loses nothing), and in IndexedDB, after which the first copy in
// localStorage is removed. Entries carry the user who answered; only that user's are ever sent.

const DATABASE = "testbank-journal";
const LOG = "journal:";
const MOST = 50;
const LONGEST_WAIT = 15_000;
// Sequence numbers are at least the seconds since then: they grow also where storage is off.
const EPOCH = Date.UTC(2026, 0, 1);
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
const events = new EventTarget();
let blocked = "";
let isFailing = false;
let last = 0;

const tell = (entry, status, more = {}) =>
  events.dispatchEvent(new CustomEvent("change", { detail: { entry, status, ...more } }));

const next = () => {
  const before = Number(stored((store) => store.getItem("journal-sequence"))) || 0;
  last = Math.max(last + 1, before + 1, Math.floor((Date.now() - EPOCH) / 1000));
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

// Take an answer: `url` takes the answers of its session, `fields` are those of its form.
const record = ({ url, position, fields, isUnsure, seconds }) => {
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
    at: Date.now(),
  };
  pending.set(entry.id, entry);
  tell(entry, "taken");
  write(entry);
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
const batch = () => {
  const now = Date.now();
  const ready = [...pending.values()].filter(({ url }) => (aside.get(url) ?? 0) <= now).sort(bySequence);
  return ready.filter(({ url }) => url === ready[0].url).slice(0, MOST);
};
const csrf = () => document.cookie.match(/(?:^|; )testbank_csrf=([^;]*)/)?.[1] ?? "";
const seconds = (from) => Math.max(0, (Date.now() - from) / 1000);

const request = (url, entries) => {
  const sent = entries.map(({ at, user: _user, url: _url, id: _id, ...entry }) => ({ ...entry, age_seconds: seconds(at) }));
  const body = JSON.stringify({ user, page_age_seconds: seconds(loadedAt), entries: sent });
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), 20_000);
  return fetch(url, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
    // Browsers keep at most 64 kB alive after a page is left.
    keepalive: body.length < 50_000,
    signal: patience.signal,
  }).finally(() => clearTimeout(timer));
};

const block = (reason) => {
  blocked = reason;
  events.dispatchEvent(new CustomEvent("blocked", { detail: reason }));
};

// Returns 0 to go on, or how many milliseconds to wait at least.
const post = async (entries) => {
  const { url } = entries[0];
  const response = await request(url, entries);
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer?.results) {
    if (blocked) block("");
    const results = new Map(answer.results.map((one) => [`${one.client_id}:${one.sequence}`, one]));
    for (const entry of entries) {
      const result = results.get(entry.id);
      if (result?.status === "paused") aside.set(url, Date.now() + LONGEST_WAIT);
      else if (result) settle(entry, result, answer.is_elsewhere);
    }
    return entries.some(({ id }) => pending.has(id)) && !aside.has(url) ? 1 : 0;
  }
  // A session that is gone, or entries that no server reads, must not hold up the others.
  if ([400, 404, 413].includes(response.status)) return aside.set(url, Date.now() + 20 * LONGEST_WAIT) && 0;
  if (response.status === 401) block("signed_out");
  else if (response.status === 403 && answer?.reason === "another_user") block("another_user");
  // The cookie of the CSRF token changes with every sign-in.
  else if (response.status === 403) await fetch(url, { cache: "no-store" });
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

// What earlier pages left, of this user.
const load = async () => {
  const keys = stored((store) => Object.keys(store).filter((key) => key.startsWith(LOG))) ?? [];
  for (const key of keys) {
    const entry = JSON.parse(stored((store) => store.getItem(key)) ?? "null");
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

// Resolves once nothing of `url` (or nothing at all) waits, or after `most` milliseconds.
const flush = async (most, url) => {
  const waits = () => [...pending.values()].some((entry) => !url || entry.url === url);
  const ends = Date.now() + most;
  hurry();
  while (waits() && Date.now() < ends && navigator.onLine) await new Promise((go) => setTimeout(go, 25));
  return !waits();
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.action?.endsWith?.("/accounts/logout/") || !pending.size || form.dataset.flushed) return;
  event.preventDefault();
  form.dataset.flushed = "1";
  await flush(1500);
  form.submit();
});

globalThis.journal = {
  user,
  device,
  ready,
  events,
  record,
  flush,
  hurry,
  isSaved: (entry) => !pending.has(entry.id),
  waiting: (url) => [...pending.values()].filter((entry) => !url || entry.url === url).sort(bySequence),
  get blocked() {
    return blocked;
  },
  get isOffline() {
    return !navigator.onLine || isFailing;
  },
};
