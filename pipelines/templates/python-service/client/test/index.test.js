"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const { passagesUrl } = require("..");

test("a ship's name is encoded", () => {
  assert.equal(passagesUrl("http://localhost:1", "a&b"), "http://localhost:1/passages?ship=a%26b");
});
