{% autoescape off %}// The service worker. It keeps the site's own files and one page that is the same for everybody,
// so that a session in use survives a reload while offline. It keeps no page of a person, and sends
// no answers: pages do (practice/static/practice/journal.js).

const { version, shell, files, folders } = {{ configuration }};
const OWN = `static-${version}`;
// A network can fall silent without failing.
const PATIENCE_MS = 10_000;
const QUESTION = /\/[0-9a-f-]{36}\/\d+\/$/;
const offlinePages = new Set();

const install = async () => {
  const [own, page] = await Promise.all([caches.open(OWN), caches.open("shell")]);
  await Promise.all([own.addAll(files), page.add(new Request(shell, { cache: "no-store" }))]);
  await skipWaiting();
};

const activate = async () => {
  const others = (await caches.keys()).filter((name) => ![OWN, "shell", "pictures"].includes(name));
  await Promise.all(others.map((name) => caches.delete(name)));
  await clients.claim();
};

const fetchInTime = (request, options) => {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  return fetch(request, { ...options, signal: patience.signal }).finally(() => clearTimeout(timer));
};

// Some browsers refuse a signal together with the request of a navigation: this is a request like it.
const question = ({ url, headers, cache }) =>
  fetchInTime(url, { headers, cache, credentials: "same-origin", redirect: "manual" });

// Only questions have a time limit: the page for offline use can show them, and no other page.
const page = async ({ request, resultingClientId }, pathname) => {
  try {
    return await (QUESTION.test(pathname) ? question(request) : fetch(request));
  } catch {
    offlinePages.add(resultingClientId);
    return (await caches.match(shell)) ?? Response.error();
  }
};

// A page of the release before can ask for files that only the cache still has. The page for offline
// use does not wait for the network.
const file = async ({ request, clientId }) => {
  const kept = offlinePages.has(clientId) ? await caches.match(request) : undefined;
  if (kept) return kept;
  const response = await fetchInTime(request).catch(() => undefined);
  return response?.ok ? response : ((await caches.match(request)) ?? response ?? Response.error());
};

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event, pathname));
  else if (folders.some((folder) => pathname.startsWith(folder))) event.respondWith(file(event));
});
{% endautoescape %}
