// The editor of a question: rows, live preview, drafts that save themselves, pictures.
const PREVIEW_AFTER_MS = 400;
const DRAFT_AFTER_MS = 1500;

const form = document.querySelector("[data-editor]");
const pane = document.querySelector("[data-preview]");
const status = form?.querySelector("[data-status]");
let isDirty = false;

const delayed = (run, ms) => {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, ms);
  };
};

const tell = (name) => {
  if (status) status.textContent = status.dataset[name] ?? name;
};

// Only an answer of the desk itself counts: a redirect to the sign-in page is none.
const send = async (url, body, kind) => {
  const response = await fetch(url, { method: "POST", body, redirect: "manual" });
  if (response.type === "opaqueredirect" || response.status === 403) throw new Error("signedOut");
  if (!response.headers.get("content-type")?.includes(kind)) throw new Error("offline");
  return response;
};

// Preview

let latest = 0;
const preview = async () => {
  const ticket = ++latest;
  try {
    const response = await send(form.dataset.previewUrl, new FormData(form), "text/html");
    const html = await response.text();
    if (ticket === latest && response.ok) pane.innerHTML = html;
  } catch {
    // The draft tells what is wrong with the connection.
  }
};

// Drafts: on the server, and in this browser while the server cannot be reached

const key = `studio:${form?.dataset.key}`;

const typed = () => [...new FormData(form)].filter(([name, value]) => name !== "csrfmiddlewaretoken" && typeof value === "string");

const others = document.querySelector("[data-others]");

const tellOthers = (emails) => {
  if (!others) return;
  others.hidden = emails.length === 0;
  others.querySelector("[data-others-names]").textContent = emails.join(", ");
};

const keepDraft = async () => {
  if (!isDirty) return;
  tell("saving");
  try {
    const response = await send(form.dataset.draftUrl, new FormData(form), "application/json");
    const answer = await response.json();
    localStorage.removeItem(key);
    tell("saved");
    tellOthers(answer.also_writing);
  } catch (error) {
    localStorage.setItem(key, JSON.stringify(typed()));
    tell(error.message === "signedOut" ? "signedOut" : "offline");
  }
};

// What was sent stays in this browser until a page says that it was saved: the answer can be a
// sign-in page, or never come.
const SENT = "studio:sent";

const forgetSaved = () => {
  const sent = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  if (sent && document.querySelector("[data-message=saved]")) localStorage.removeItem(sent);
};

const ROW = /^(choices|answers)-(\d+)-/;
const words = (entries) => JSON.stringify(entries.filter(([name, value]) => value && !/^(base|row|right)$/.test(name)).sort());

// Rows are matched by their order, because a new page counts them anew.
const numbersOfRows = (entries) => {
  const rows = form.querySelector("[data-rows]");
  const order = entries.filter(([name]) => name === "row").map(([, value]) => value);
  if (!rows || order.length === 0) return new Map();
  while (rows.children.length < order.length) addRow(rows);
  while (rows.children.length > order.length) rows.lastElementChild.remove();
  return new Map([...rows.children].map((row, index) => [order[index], row.querySelector("[name=row]").value]));
};

const restore = () => {
  const kept = localStorage.getItem(key);
  if (!kept) return;
  const entries = JSON.parse(kept);
  if (words(entries) === words(typed())) {
    localStorage.removeItem(key);
    return;
  }
  const numbers = numbersOfRows(entries);
  for (const field of form.querySelectorAll("[type=radio], [type=checkbox]")) field.checked = false;
  for (const [name, value] of entries) {
    const fields = form.elements[name.replace(ROW, (_all, part, number) => `${part}-${numbers.get(number)}-`)];
    if (!fields || name === "row") continue;
    const wanted = name === "right" ? numbers.get(value) : value;
    const list = fields instanceof RadioNodeList ? [...fields] : [fields];
    for (const field of list) {
      if (field.type === "radio" || field.type === "checkbox") field.checked ||= field.value === wanted;
      else field.value = value;
    }
  }
  tell("restored");
  changed();
};

const previewSoon = delayed(preview, PREVIEW_AFTER_MS);
const draftSoon = delayed(keepDraft, DRAFT_AFTER_MS);
const changed = () => {
  isDirty = true;
  previewSoon();
  draftSoon();
};

// Rows

const nextIndex = (rows) => 1 + Math.max(-1, ...[...rows.querySelectorAll("[name=row]")].map((input) => Number(input.value)));

const addRow = (rows) => {
  const row = rows.lastElementChild.cloneNode(true);
  const from = row.querySelector("[name=row]").value;
  const to = nextIndex(rows);
  for (const element of row.querySelectorAll("*")) {
    for (const name of ["id", "name", "for"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace(`-${from}-`, `-${to}-`));
    }
    if (element.matches("textarea, input:not([type])")) element.value = "";
    if (element.matches("[type=radio], [type=checkbox]")) Object.assign(element, { checked: false, value: to });
    if (element.matches("[name$='-id']")) element.value = "";
    if (element.matches(".errorlist")) element.remove();
    if (element.matches("details")) element.open = false;
    if (element.matches(".visually-hidden")) element.textContent = element.textContent.replace(Number(from) + 1, Number(to) + 1);
  }
  row.querySelector("[name=row]").value = to;
  rows.append(row);
  return row;
};

const onRow = (button) => {
  const row = button.closest("[data-row]");
  if (button.matches("[data-up]")) row.previousElementSibling?.before(row);
  else if (button.matches("[data-down]")) row.nextElementSibling?.after(row);
  else {
    const neighbor = row.nextElementSibling ?? row.previousElementSibling;
    if (!neighbor) return;
    row.remove();
    neighbor.querySelector("textarea, input:not([type])").focus();
    changed();
    return;
  }
  button.focus();
  changed();
};

// Pictures: dropped, pasted, or chosen. The description is asked for where the picture stands.

let lastText;

const insertPicture = async (file, text) => {
  const body = new FormData();
  body.append("picture", file);
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  let answer;
  try {
    const response = await send(form.dataset.pictureUrl, body, "application/json");
    answer = await response.json();
  } catch (error) {
    tell(error.message);
    return;
  }
  if (answer.error) {
    tell(answer.error);
    return;
  }
  const at = text.selectionEnd ?? text.value.length;
  text.setRangeText(`![](${answer.name})`, at, at, "start");
  text.focus();
  text.setSelectionRange(at + 2, at + 2);
  tell("alt");
  changed();
};

const pictureIn = (transfer) => [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));

if (form) {
  for (const element of document.querySelectorAll("[data-editor] [data-tools], [data-editor] [data-add], [data-picture]")) element.hidden = false;
  for (const element of form.querySelectorAll("[data-without-script]")) element.hidden = true;
  form.addEventListener("input", changed);
  // Who tabs through the form to the button “Add image” focuses texts without using them.
  const use = ({ target, key }) => {
    if (target.matches("[data-pictures]") && key !== "Tab" && key !== "Shift") lastText = target;
  };
  for (const event of ["input", "click", "keydown"]) form.addEventListener(event, use);
  form.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-up], [data-down], [data-remove], [data-add]");
    if (button?.matches("[data-add]")) {
      addRow(button.closest("fieldset").querySelector("[data-rows]")).querySelector("textarea, input:not([type])").focus();
    } else if (button) onRow(button);
  });
  form.addEventListener("paste", (event) => {
    const file = pictureIn(event.clipboardData);
    if (!file || !event.target.matches("[data-pictures]")) return;
    event.preventDefault();
    insertPicture(file, event.target);
  });
  form.addEventListener("dragover", (event) => {
    if (event.target.matches?.("[data-pictures]")) event.preventDefault();
  });
  form.addEventListener("drop", (event) => {
    const file = pictureIn(event.dataTransfer);
    if (!file || !event.target.matches("[data-pictures]")) return;
    event.preventDefault();
    insertPicture(file, event.target);
  });
  form.querySelector("[data-picture] input")?.addEventListener("change", ({ target }) => {
    if (target.files[0]) insertPicture(target.files[0], lastText ?? form.elements.stem);
    target.value = "";
  });
  form.addEventListener("submit", () => {
    isDirty = false;
    localStorage.setItem(key, JSON.stringify(typed()));
    sessionStorage.setItem(SENT, key);
  });
  document.querySelector("[data-discard]")?.addEventListener("submit", () => {
    isDirty = false;
    localStorage.removeItem(key);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  window.addEventListener("pagehide", () => {
    if (isDirty) localStorage.setItem(key, JSON.stringify(typed()));
  });
  forgetSaved();
  // A form that came back has what was typed, and nobody has stored it.
  if ("returned" in form.dataset) changed();
  else restore();
}
