"use strict";

// Filters: each row is read once, so that a key stroke touches nothing but what changes.
const filters = document.getElementById("filters");
if (filters) {
  const FACETS = [...filters.querySelectorAll("select")].map((select) => select.name);
  const { noun } = filters.dataset;
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const table = document.getElementById("table");
  const rows = [...table.tBodies[0].rows].map((row) => ({
    row,
    facets: FACETS.map((facet) => row.dataset[facet]),
    words: row.textContent.toLowerCase(),
    visible: true,
  }));

  const apply = () => {
    const wanted = FACETS.map((facet) => filters.elements[facet].value);
    const words = filters.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of rows) {
      const visible =
        wanted.every((value, place) => !value || value === entry.facets[place]) &&
        words.every((word) => entry.words.includes(word));
      if (visible !== entry.visible) {
        entry.visible = visible;
        entry.row.hidden = !visible;
      }
      count += visible;
    }
    shown.textContent = count === rows.length ? `${count} ${noun}` : `${count} of ${rows.length} ${noun}`;
    nothing.hidden = count > 0;
    table.hidden = count === 0;
  };

  let waiting = 0;
  filters.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 80);
  });
  filters.addEventListener("reset", () => setTimeout(apply));
  filters.addEventListener("submit", (event) => event.preventDefault());
  // a figure leads to its findings: all other filters are let go
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-facet]");
    if (!link) return;
    filters.reset();
    filters.elements[link.dataset.facet].value = link.dataset.value;
  });
  filters.hidden = false;
  apply(); // a browser may keep what was chosen before the page was loaded again
}

// A link to a claim opens it.
const openTarget = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.tagName !== "DETAILS") return;
  target.open = true;
  target.querySelector("summary").focus();
  target.scrollIntoView();
};
addEventListener("hashchange", openTarget);
openTarget();

// Sorting: the heads become buttons.
const byNumber = (a, b) => a - b;
const byText = new Intl.Collator("en", { numeric: true }).compare;

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(table, heads, column));
  });
}

function sort(table, heads, column) {
  const falling = heads[column].getAttribute("aria-sort") === "ascending";
  for (const head of heads) head.removeAttribute("aria-sort");
  heads[column].setAttribute("aria-sort", falling ? "descending" : "ascending");
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row) => {
    const cell = row.cells[column];
    return [cell.dataset.sort ?? cell.textContent.trim(), row];
  });
  const numbers = keyed.every(([key]) => key !== "" && !Number.isNaN(Number(key)));
  const compare = numbers ? byNumber : byText;
  keyed.sort(([a], [b]) => (falling ? compare(b, a) : compare(a, b)));
  body.append(...keyed.map(([, row]) => row));
}
