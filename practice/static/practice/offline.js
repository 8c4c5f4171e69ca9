// The page that stands in for a question while this device is offline: practice/offline.html. It
// fills itself with what the journal's user keeps of the session whose address this is.

const user = localStorage.getItem("journal-user");
const session = location.pathname.match(/^.*\/[0-9a-f-]{36}\//)?.[0];
const position = Number(location.pathname.slice(session?.length).match(/^(\d+)\//)?.[1]);
const article = document.querySelector("[data-offline-question]");
const template = (name) => document.querySelector(`template[data-${name}]`).content.cloneNode(true);

const database = await idb.openDB("testbank-questions", 1, {
  upgrade: (fresh) => {
    fresh.createObjectStore("questions", { keyPath: ["user", "session", "position"] });
    fresh.createObjectStore("sessions", { keyPath: ["user", "session"] });
  },
  blocking: (_old, _new, { target }) => target.close(),
});
const about = user && session && (await database.get("sessions", [user, session]));
const question = about && position && (await database.get("questions", [user, session, position]));
const all = about ? await database.getAll("questions", IDBKeyRange.bound([user, session], [user, session, []])) : [];
database.close();

const draw = () => {
  article.innerHTML = question.html;
  const form = article.querySelector("form");
  // Until answering.js has loaded, and without its network, the form itself can send nothing.
  form.addEventListener("submit", (event) => event.preventDefault());
  if (question.given) journal.fill(form, question.given, question.isUnsure);
  document.querySelector("[data-offline-title]").textContent = about.title;
  document.querySelector("[data-journal]").dataset.total = about.total;
  if (about.ends !== null) {
    const clock = template("clock");
    clock.querySelector("[data-clock]").dataset.seconds = Math.max(0, Math.ceil((about.ends - Date.now()) / 1000));
    clock.querySelector("[data-clock-face]").textContent = ""; // session.js fills it in.
    document.querySelector("[data-offline-clock]").append(clock);
  }
  const script = document.createElement("script");
  script.type = "module";
  script.src = article.dataset.session;
  document.body.append(script);
};

const list = () => {
  const sheet = document.querySelector("[data-offline-sheet]");
  for (const one of all) {
    const link = document.createElement("a");
    link.className = one.given?.length ? "bubble bubble--filled" : "bubble";
    link.href = `${session}${one.position}/`;
    link.textContent = one.position;
    if (one.position === position) link.setAttribute("aria-current", "step");
    const item = document.createElement("li");
    item.append(link);
    sheet.append(item);
  }
  sheet.closest("nav").hidden = !all.length;
};

list();
if (question) draw();
else article.append(template("missing"));
article.hidden = false;
const script = document.createElement("script");
script.type = "module";
script.src = article.dataset.answering;
document.body.append(script);
document.querySelector("[data-offline-retry]")?.addEventListener("click", () => location.reload());
addEventListener("online", () => !question && location.reload());
