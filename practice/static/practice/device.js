// What a page does for this device: it keeps the service worker, and removes what an account left
// when it signed out. Unsent answers stay for that account: static/practice/journal.js.

const root = document.documentElement;
const stored = (work) => {
  try {
    return work(localStorage);
  } catch {
    return undefined; // Storage is off in this browser.
  }
};

const forget = () => {
  stored((store) => store.removeItem("journal-user"));
  globalThis.indexedDB?.deleteDatabase("testbank-questions");
  globalThis.caches?.delete("pictures");
};

// The page for offline use and the page of an error do not know who is signed in.
const user = root.dataset.user;
if (user !== undefined && !root.hasAttribute("data-offline")) {
  const before = stored((store) => store.getItem("journal-user"));
  if (before && before !== user) forget();
  if (user) stored((store) => store.setItem("journal-user", user));
}

const workers = navigator.serviceWorker;
if (workers && root.dataset.worker === "off") {
  workers.getRegistrations().then((all) => all.forEach((one) => one.unregister()));
  globalThis.caches?.keys().then((names) => names.forEach((name) => caches.delete(name)));
} else if (workers && user) {
  workers.register(root.dataset.worker).catch(() => {});
}
