"use strict";
// Only for comfort: without it everything can be read, and nothing asks for it.
(() => {
  const number = (text) => {
    const found = text.replace(/\u2212/g, "-").match(/-?\d+(\.\d+)?/);
    return found === null ? NaN : Number(found[0]);
  };
  const order = (table, column, numeric, descending) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => {
      const text = row.cells[column].textContent;
      return { row, text, value: numeric ? number(text) : 0 };
    });
    rows.sort((a, b) => {
      if (numeric && (Number.isNaN(a.value) || Number.isNaN(b.value))) {
        return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
      }
      const before = numeric ? a.value - b.value : a.text.localeCompare(b.text);
      return descending ? -before : before;
    });
    body.append(...rows.map((entry) => entry.row));
  };
  const buttons = [];
  for (const table of document.querySelectorAll("table")) {
    if (table.tBodies[0].rows.length < 3) continue;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      buttons.push([head, button]);
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        order(table, column, head.classList.contains("number"), descending);
      });
    });
  }
  // A link to something folded opens it.
  const open = () => {
    let place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const wanted = place;
    for (; place !== null; place = place.parentElement) {
      if (place instanceof HTMLDetailsElement) place.open = true;
    }
    if (wanted !== null && wanted.closest("details") !== null) wanted.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
  // Paper cannot be unfolded, and heads with buttons are not repeated on the next sheet.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.folded:not([open])")];
    opened.forEach((part) => { part.open = true; });
    buttons.forEach(([, button]) => button.replaceWith(...button.childNodes));
  });
  addEventListener("afterprint", () => {
    opened.forEach((part) => { part.open = false; });
    buttons.forEach(([head, button]) => {
      button.append(...head.childNodes);
      head.append(button);
    });
  });
})();
