"use strict";
// Sorts Table 1 by a column: first press the smaller first, second the larger, third as the paper.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  const asPrinted = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];
  const status = document.getElementById(table.dataset.sortable);
  const valueOf = (row, column) => row.cells[column].dataset.value;
  const compare = (column, sign) => (one, other) => {
    const [a, b] = [valueOf(one, column), valueOf(other, column)];
    if (a === "" || b === "") return (a === "") - (b === "");
    const numbers = column > 0;
    return sign * (numbers ? a - b : a.localeCompare(b));
  };
  headings.forEach((heading, column) => {
    const button = heading.querySelector("button");
    button.addEventListener("click", () => {
      const before = heading.getAttribute("aria-sort");
      const next = { none: "ascending", ascending: "descending", descending: "none" }[before];
      headings.forEach((other) => other.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", next);
      const sign = next === "descending" ? -1 : 1;
      const rows = next === "none" ? asPrinted : [...asPrinted].sort(compare(column, sign));
      table.toggleAttribute("data-sorted", next !== "none");
      body.append(...rows);
      const words = next === "none" ? "In the paper’s order" : `Sorted by ${button.dataset.name}, ${next}`;
      status.textContent = words;
    });
  });
}
