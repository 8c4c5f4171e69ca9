// On a phone the tabs are wider than the screen: scroll to the one that is open.

for (const tab of document.querySelectorAll(".desk-nav [aria-current]")) {
  tab.scrollIntoView({ block: "nearest", inline: "center", behavior: "instant" });
}
