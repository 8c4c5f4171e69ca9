// A toast goes when its cross is pressed, or Escape while the keyboard is in it. Without this file
// the cross fetches the page again, on which it is not.

const desk = document.querySelector("[data-toasts]");

const putAway = (toast, event) => {
  event.preventDefault();
  toast.remove();
  document.getElementById("main").focus({ preventScroll: true });
};

desk?.addEventListener("click", (event) => {
  if (event.target.closest(".toast__close")) putAway(event.target.closest(".toast"), event);
});

desk?.addEventListener("keydown", (event) => {
  if (event.key === "Escape") putAway(event.target.closest(".toast"), event);
});
