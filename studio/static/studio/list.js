// The list of questions: only the field that the action needs, ranges with Shift, order by dragging.
const list = document.querySelector("[data-list]");
const NEEDS = {
  domain: ["text"],
  add_tag: ["text"],
  remove_tag: ["text"],
  order: ["text"],
  difficulty: ["difficulty"],
  copy: ["target"],
  move: ["target"],
};

const showFields = () => {
  const needed = NEEDS[list.elements.action.value] ?? [];
  for (const name of ["text", "difficulty", "target"]) {
    list.elements[name].closest(".field").hidden = !needed.includes(name);
  }
};

let last;
const selectRange = (event) => {
  const boxes = [...list.querySelectorAll("[name=question]")];
  const here = boxes.indexOf(event.target);
  if (here < 0) return;
  if (event.shiftKey && last !== undefined) {
    const [from, to] = [Math.min(last, here), Math.max(last, here)];
    for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
  }
  last = here;
};

// A dragged row is posted as the action “Change position”, whose preview shows the new numbers.
const letDrag = () => {
  let dragged;
  for (const row of list.querySelectorAll("[data-place]")) {
    row.draggable = true;
    row.addEventListener("dragstart", () => {
      dragged = row;
      row.classList.add("is-dragged");
    });
    row.addEventListener("dragend", () => row.classList.remove("is-dragged"));
    row.addEventListener("dragover", (event) => {
      event.preventDefault();
      row.classList.add("is-target");
    });
    row.addEventListener("dragleave", () => row.classList.remove("is-target"));
    row.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!dragged || dragged === row) return;
      for (const box of list.querySelectorAll("[name=question], [name=all]")) box.checked = false;
      dragged.querySelector("[name=question]").checked = true;
      list.elements.action.value = "order";
      list.elements.text.value = row.querySelector(".num").textContent.trim();
      list.requestSubmit();
    });
  }
};

if (list?.elements.action) {
  list.elements.action.addEventListener("change", showFields);
  list.addEventListener("click", selectRange);
  showFields();
  letDrag();
}
