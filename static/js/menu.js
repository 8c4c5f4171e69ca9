// A menu (details.menu) closes when the reader goes elsewhere. Without this file it closes by its button.

const close = (menu) => menu.removeAttribute("open");

document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) close(menu);
  }
});

document.addEventListener("keydown", ({ key, target }) => {
  const menu = key === "Escape" && target.closest("details.menu[open]");
  if (!menu) return;
  close(menu);
  menu.querySelector("summary").focus();
});
