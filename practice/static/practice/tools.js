// The tools of a question, fetched when one is opened: strike-out, highlights, calculator, larger text.

const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

// Strike out: while it is on, a press on a choice strikes it instead of taking it.
let isStriking = false;
const strikeChoice = (event) => {
  const row = isStriking && event.target.closest("label.choice");
  if (!row) return;
  event.preventDefault();
  row.classList.toggle("choice--struck");
};

export const strike = (button) => {
  if (!button.dataset.ready) document.querySelector(".choices").addEventListener("click", strikeChoice, true);
  button.dataset.ready = "1";
  isStriking = !isStriking;
  button.setAttribute("aria-pressed", String(isStriking));
};

// Highlights are pairs of offsets into the text of the stem.
const stem = document.getElementById("stem");

const texts = () => {
  const found = [];
  const walker = document.createTreeWalker(stem, NodeFilter.SHOW_TEXT);
  for (let start = 0; walker.nextNode(); ) {
    found.push({ node: walker.currentNode, start });
    start += walker.currentNode.length;
  }
  return found;
};

const rangeOf = ([from, to]) => {
  const range = new Range();
  for (const { node, start } of texts()) {
    if (from >= start && from < start + node.length) range.setStart(node, from - start);
    if (to > start && to <= start + node.length) range.setEnd(node, to - start);
  }
  return range;
};

const offset = (node, inside) => (texts().find((one) => one.node === node)?.start ?? NaN) + inside;

export const paint = (marks) => {
  if (!globalThis.Highlight) return;
  CSS.highlights.set("learner", new Highlight(...marks.map(rangeOf)));
};

export const highlight = async (button) => {
  const marks = JSON.parse(button.dataset.marks);
  const selection = getSelection();
  const range = selection.rangeCount ? selection.getRangeAt(0) : undefined;
  const isInside = range && !range.collapsed && stem.contains(range.commonAncestorContainer);
  const pair = isInside ? [offset(range.startContainer, range.startOffset), offset(range.endContainer, range.endOffset)] : [];
  // With nothing selected the button takes all highlights away.
  const next = pair.every(Number.isInteger) && pair.length ? [...marks, pair] : [];
  const body = new URLSearchParams({ csrfmiddlewaretoken: token(), highlights: JSON.stringify(next) });
  const answer = await fetch(button.dataset.save, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
  if (!answer.ok) return;
  button.dataset.marks = JSON.stringify(next);
  selection.removeAllRanges();
  paint(next);
};

export const enlarge = (button) => {
  const isLarge = document.querySelector("[data-session]").classList.toggle("question--large");
  button.setAttribute("aria-pressed", String(isLarge));
};

export const help = () => document.getElementById("keys").showModal();

// The calculator: + − × ÷ ^ % and brackets, read by hand, since eval is forbidden here.
const value = (source) => {
  const signs = source.replaceAll("×", "*").replaceAll("÷", "/").replaceAll("−", "-").replaceAll(",", ".");
  const parts = signs.match(/\d+(?:\.\d+)?|\.\d+|[-+*/^%()]|sqrt|\S/g) ?? [];
  let place = 0;
  const atom = () => {
    const part = parts[place++];
    if (part === "-") return -power();
    if (part === "+") return power();
    if (part === "sqrt") return Math.sqrt(atom());
    if (part === "(") {
      const inner = sum();
      if (parts[place++] !== ")") throw new SyntaxError();
      return inner;
    }
    if (!/^[\d.]/.test(part ?? "")) throw new SyntaxError();
    return Number(part);
  };
  const power = () => {
    let base = atom();
    while (parts[place] === "%") (place += 1), (base /= 100);
    return parts[place] === "^" ? ((place += 1), base ** power()) : base;
  };
  const product = () => {
    let left = power();
    while ("*/".includes(parts[place] ?? " ")) left = parts[place++] === "*" ? left * power() : left / power();
    return left;
  };
  const sum = () => {
    let left = product();
    while ("+-".includes(parts[place] ?? " ")) left = parts[place++] === "+" ? left + product() : left - product();
    return left;
  };
  const result = sum();
  if (place < parts.length || !Number.isFinite(result)) throw new SyntaxError();
  return Number(result.toPrecision(12));
};

export const calculator = (button) => {
  const sheet = document.getElementById("calculator");
  const form = sheet.querySelector("form");
  form.onsubmit = (event) => {
    event.preventDefault();
    const output = form.querySelector("output");
    try {
      output.textContent = `= ${value(form.elements.expression.value)}`;
    } catch {
      output.textContent = "= ?";
    }
  };
  sheet.querySelector("[data-close]").onclick = () => sheet.close();
  sheet.onclose = () => button.focus();
  sheet.showModal();
};
