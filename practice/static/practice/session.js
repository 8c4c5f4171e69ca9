// A session in the browser: the clock and keys. answering.js saves what is answered.
// Without this file every button still works, and the server keeps the time.

const form = document.getElementById("answer");
const clock = document.querySelector("[data-clock]");

const send = (fields) => {
  const data = new FormData(form);
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  return fetch(location.href, { method: "POST", body: data, headers: { "X-Requested-With": "fetch" }, keepalive: true });
};

// What is spoken: a region of its own, since the clock itself is silent.
const voice = document.createElement("p");
voice.className = "visually-hidden";
voice.setAttribute("role", "status");
document.body.append(voice);
const say = (words) => (voice.textContent = words);

// Once the time is up, the session is submitted: the server would wait for answers on their way. Its
// clock decides: if this device's is fast, nothing ends, and the seconds that are left are returned.
const end = async () => {
  const session = location.pathname.match(/^.*\/[0-9a-f-]{36}\//)[0];
  const body = new FormData();
  body.set("csrfmiddlewaretoken", document.cookie.match(/(?:^|; )testbank_csrf=([^;]*)/)?.[1] ?? "");
  body.set("clock", "1");
  // The page says that the time is up, also where the network has fallen silent.
  const signal = AbortSignal.timeout?.(10_000);
  const response = await fetch(`${session}finish/`, { method: "POST", body, redirect: "manual", signal });
  if (response.status === 409) return (await response.json()).seconds_left;
  location.assign(session);
};

if (clock) {
  const face = clock.querySelector("[data-clock-face]");
  let total, startedAt, startedHere, running;
  // Some devices stop the one while they sleep, and the other can be set back.
  const passed = () => Math.max(Date.now() - startedAt, performance.now() - startedHere) / 1000;
  const left = () => Math.max(0, Math.ceil(total - passed()));
  const shown = (seconds) => {
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
    return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  };
  const marks = [600, 300, 60];
  let before;
  const start = (seconds) => {
    [total, startedAt, startedHere] = [seconds, Date.now(), performance.now()];
    before = total;
    running = setInterval(tick, 1000);
  };
  const submit = async () => {
    const seconds = await end();
    if (seconds !== undefined && seconds !== null) start(seconds);
  };
  const tick = () => {
    const seconds = left();
    face.textContent = shown(seconds);
    clock.classList.toggle("clock--low", seconds <= 300);
    if (marks.some((mark) => before > mark && seconds <= mark)) say(clock.textContent);
    before = seconds;
    if (seconds > 0) return;
    clearInterval(running);
    const last = document.querySelector("[data-session]");
    const timeup = new CustomEvent("timeup", { cancelable: true, detail: { end: submit } });
    if (!dispatchEvent(timeup)) return; // answering.js saves first.
    if (last) submit().catch(() => setTimeout(() => location.reload(), 1000));
  };
  if (clock.dataset.stopped !== "1") start(Number(clock.dataset.seconds));
  clock.addEventListener("say", () => say(clock.textContent));
}

// A flag is set in place.
const flag = document.querySelector("[data-flag]");
flag?.addEventListener("click", async (event) => {
  event.preventDefault();
  const isSet = flag.getAttribute("aria-pressed") !== "true";
  const answer = await send({ go: "flag", flag: isSet ? "1" : "0" }).catch(() => undefined);
  if (!answer?.ok) return form.requestSubmit(flag);
  flag.setAttribute("aria-pressed", String(isSet));
  form.elements.flag.value = isSet ? "0" : "1";
  document.querySelector(".navigator [aria-current]")?.classList.toggle("bubble--flagged", isSet);
});

// Keys: 1–9 or A–F choose, Enter checks, N and P go on and back, F flags, T says the time.
const choices = [...document.querySelectorAll("#answer .choices input")];
const isTyping = (target) => target.matches("textarea, select, input:not([type=radio], [type=checkbox])");

const choose = (key) => {
  const place = /^[1-9]$/.test(key) ? Number(key) - 1 : "abcdef".indexOf(key);
  const input = place >= 0 ? choices[place] : undefined;
  if (!input) return false;
  input.focus();
  input.click();
  return true;
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "t" && clock) clock.dispatchEvent(new Event("say"));
  else if (key === "enter" && form && !event.target.matches("a, button, summary")) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("[type=submit]"));
  } else if (key === "f" && !choices[5] && flag) flag.click();
  else if (choose(key)) event.preventDefault();
  else if (key.length === 1) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.click();
});

// Tools: shown where scripts run, each fetched when it is opened first.
const tools = document.querySelector("[data-tools]");
for (const button of tools?.querySelectorAll("[data-tool]") ?? []) {
  button.hidden = false;
  button.addEventListener("click", async () => (await import("./tools.js"))[button.dataset.tool](button));
  if (button.dataset.marks?.length > 2) import("./tools.js").then(({ paint }) => paint(JSON.parse(button.dataset.marks)));
}
