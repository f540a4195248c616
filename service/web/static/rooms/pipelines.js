// The log page: takes what comes, follows the end until the reader scrolls up, finds text. It reads without this file.
"use strict";

(() => {
  const log = document.getElementById("log");
  if (!log) return;
  const follow = document.getElementById("follow");
  const find = document.getElementById("find");
  const found = document.getElementById("found");

  const atEnd = () => window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80;

  function take(markup) {
    const part = document.createElement("template");
    part.innerHTML = markup;
    const empty = document.getElementById("log-empty");
    if (empty && part.content.firstElementChild) empty.remove();
    for (const phase of [...part.content.children]) {
      const last = log.querySelector("details:last-of-type");
      if ("continues" in phase.dataset && last && last.dataset.phase === phase.dataset.phase) {
        last.querySelector(".lines").append(...phase.querySelector(".lines").children);
        if (phase.dataset.state !== last.dataset.state) {
          last.querySelector("summary").replaceWith(phase.querySelector("summary"));
          last.dataset.state = phase.dataset.state;
          last.open = phase.dataset.state !== "passed";
        }
      } else {
        log.append(phase);
      }
    }
  }

  async function goOn(url) {
    while (url) {
      let answer;
      try {
        answer = await fetch(url, { headers: { Accept: "text/html" } });
      } catch {
        await new Promise((resume) => setTimeout(resume, 2000));
        continue;
      }
      if (answer.status >= 500) {
        await new Promise((resume) => setTimeout(resume, 2000));
        continue;
      }
      if (!answer.ok) return;
      take(await answer.text());
      if (follow && follow.checked) window.scrollTo(0, document.documentElement.scrollHeight);
      url = answer.headers.get("X-More");
      if (!url) window.location.replace(window.location.pathname + window.location.hash);
    }
  }

  if (follow) {
    window.addEventListener("wheel", () => { if (!atEnd()) follow.checked = false; }, { passive: true });
    window.addEventListener("keydown", (event) => {
      if (["PageUp", "ArrowUp", "Home"].includes(event.key)) follow.checked = false;
    });
    window.addEventListener("touchmove", () => { if (!atEnd()) follow.checked = false; }, { passive: true });
  }

  find.addEventListener("input", () => {
    const wanted = find.value.toLowerCase();
    let first = null;
    let count = 0;
    for (const line of log.querySelectorAll(".line")) {
      const hit = wanted.length > 1 && line.lastElementChild.textContent.toLowerCase().includes(wanted);
      line.classList.toggle("hit", hit);
      if (!hit) continue;
      count += 1;
      line.closest("details").open = true;
      first = first || line;
    }
    found.textContent = wanted.length > 1 ? `${count} ${count === 1 ? "line" : "lines"}` : "";
    if (first) first.scrollIntoView({ block: "center" });
  });

  // A link to a line opens the phase that holds it.
  const target = window.location.hash && document.getElementById(window.location.hash.slice(1));
  if (target) {
    target.closest("details").open = true;
    target.scrollIntoView({ block: "center" });
    if (follow) follow.checked = false;
  } else if (follow && follow.checked) {
    window.scrollTo(0, document.documentElement.scrollHeight);
  }
  goOn(log.dataset.more);
})();
