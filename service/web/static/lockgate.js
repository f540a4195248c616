// Small comforts. Every page reads and every form works without this file.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.getElementById("search");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

function say(text) {
  const live = document.getElementById("live");
  if (live && live.textContent !== text) live.textContent = text;
}

function offerCopying(root) {
  // The clipboard is open to secure pages only; elsewhere the text can still be selected.
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.closest(".copyable").querySelector("code").textContent);
  button.textContent = "Copied";
  say("Copied");
  window.setTimeout(() => { button.textContent = "Copy"; }, 2000);
});

// A form that destroys something carries data-confirm, a question with the object's name.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// A swapped part with data-announce tells it to screen readers, once for each new text.
document.addEventListener("htmx:afterSwap", (event) => {
  const told = event.target.closest("[data-announce]") || event.target.querySelector("[data-announce]");
  if (told) say(told.dataset.announce);
  offerCopying(document);
});

offerCopying(document);
