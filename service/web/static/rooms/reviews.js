// Walks the findings of a review: j goes to the next one, k to the one before. The page works without this.
(() => {
  const typing = (element) => element.closest("input, select, textarea, [contenteditable]") !== null;
  const findings = () => [...document.querySelectorAll(".finding")];

  function step(by) {
    const all = findings();
    const here = all.findIndex((one) => one.contains(document.activeElement));
    const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by];
    if (next) {
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "start" });
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else return;
    event.preventDefault();
  });

  const tell = () => document.querySelectorAll(".needs-script").forEach((one) => { one.hidden = false; });
  document.addEventListener("htmx:afterSwap", tell);
  tell();
})();
