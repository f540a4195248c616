// A flame graph that answers at once: details of the frame under the pointer, matches while typing, arrow keys between
// frames. The page shows all of it without this file too, by links and the form.
(() => {
  const told = () => document.querySelector("[data-flame-told]");
  let said = null;

  function tell(frame) {
    const line = told();
    if (!line) return;
    if (said === null) said = [...line.childNodes].map((node) => node.cloneNode(true));
    if (frame) line.replaceChildren(document.createTextNode(frame.querySelector("title").textContent.split("\n").join(" · ")));
    else line.replaceChildren(...said.map((node) => node.cloneNode(true)));
  }

  function mark(text) {
    const wanted = text.trim().toLowerCase();
    document.querySelectorAll("[data-flame] a").forEach((frame) => {
      frame.classList.toggle("match", wanted !== "" && frame.dataset.name.toLowerCase().includes(wanted));
    });
  }

  // One stop for the tab key, arrows inside: hundreds of frames would bury what follows them.
  function rove(picture) {
    const links = [...picture.querySelectorAll("a")];
    links.forEach((link, at) => link.setAttribute("tabindex", at ? "-1" : "0"));
    picture.addEventListener("keydown", (event) => {
      const at = links.indexOf(document.activeElement);
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (at < 0 || !by || !links[at + by]) return;
      event.preventDefault();
      links[at].setAttribute("tabindex", "-1");
      links[at + by].setAttribute("tabindex", "0");
      links[at + by].focus();
    });
  }

  function begin() {
    said = null;
    document.querySelectorAll("[data-roving]:not([data-roves])").forEach((picture) => {
      picture.dataset.roves = "yes";
      rove(picture);
    });
    const picture = document.querySelector("[data-flame]");
    if (!picture || picture.dataset.tells) return;
    picture.dataset.tells = "yes";
    const frameOf = (event) => (event.target instanceof Element ? event.target.closest("a") : null);
    picture.addEventListener("pointerover", (event) => tell(frameOf(event)));
    picture.addEventListener("pointerleave", () => tell(null));
    picture.addEventListener("focusin", (event) => tell(frameOf(event)));
    picture.addEventListener("focusout", () => tell(null));
    const search = document.querySelector("[data-flame-search]");
    if (search) search.addEventListener("input", () => mark(search.value));
  }

  document.addEventListener("htmx:afterSwap", begin);
  begin();
})();
