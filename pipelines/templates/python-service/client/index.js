"use strict";

/** Address of a ship's passages on the server at `base`. */
function passagesUrl(base, ship) {
  return new URL(`/passages?ship=${encodeURIComponent(ship)}`, base).href;
}

/** The passages of a ship, newest first. */
async function passages(base, ship) {
  const answer = await fetch(passagesUrl(base, ship));
  if (!answer.ok) throw new Error(`tidewater answered ${answer.status}`);
  return answer.json();
}

module.exports = { passages, passagesUrl };
