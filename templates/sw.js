{% autoescape off %}// The service worker. It keeps the site's own files and one page that is the same for everybody,
// so that a session in use survives a reload while offline. It keeps no page of a person, and sends
// no answers: pages do (practice/static/practice/journal.js).

const { version, shell, files, folders } = {{ configuration }};
const OWN = `static-${version}`;

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

const page = async (request) => {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(shell)) ?? Response.error();
  }
};

// A page of the release before can ask for files that only the cache still has.
const file = async (request) => {
  const response = await fetch(request).catch(() => undefined);
  return response?.ok ? response : ((await caches.match(request)) ?? response ?? Response.error());
};

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (folders.some((folder) => pathname.startsWith(folder))) event.respondWith(file(request));
});
{% endautoescape %}
