// A part of what axe-core checks, after WCAG 2.2: names (4.1.2), labels (3.3.2), ids, contrast of text (1.4.3),
// reflow (1.4.10), one main and one h1, a language. Returns the faults of the page as it is shown.
() => {
  const faults = [];
  const seen = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const byIds = (ids) => ids.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  const nameOf = (node) => {
    if (node.hasAttribute("aria-label")) return node.getAttribute("aria-label").trim();
    if (node.hasAttribute("aria-labelledby")) return byIds(node.getAttribute("aria-labelledby")).trim();
    if (node.labels?.length) return node.labels[0].textContent.trim();
    return (node.getAttribute("alt") ?? node.querySelector(":scope > caption")?.textContent ?? node.textContent).trim();
  };
  const named = "button, a, input, select, textarea, dialog, table, section, [role=listbox], [role=region]";
  for (const node of document.querySelectorAll(named)) {
    if (!nameOf(node)) faults.push(`no name: ${node.outerHTML.slice(0, 80)}`);
  }
  for (const node of document.querySelectorAll("input, select, textarea")) {
    if (!node.labels.length && !node.hasAttribute("aria-label")) faults.push(`no label: ${node.id}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) faults.push(`id twice: ${id}`);
  for (const attribute of ["aria-describedby", "aria-controls", "aria-labelledby", "aria-activedescendant"]) {
    for (const node of document.querySelectorAll(`[${attribute}]`)) {
      const lost = node.getAttribute(attribute).split(" ").filter((id) => id && !document.getElementById(id));
      if (lost.length) faults.push(`${attribute} names nothing: ${lost}`);
    }
  }
  if (!document.documentElement.lang) faults.push("no language");
  for (const name of ["main", "h1"]) {
    if (document.querySelectorAll(name).length !== 1) faults.push(`not one ${name}`);
  }
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`wider than the window: ${wide}`);

  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim().slice(0, 30);
    if (!text || !seen(node) || node.closest(":disabled, noscript, .unseen, .skip")) continue;
    const colors = [luminance(channels(getComputedStyle(node).color)), luminance(ground(node))];
    const ratio = (Math.max(...colors) + 0.05) / (Math.min(...colors) + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${node.className} ${text}`);
  }
  return [...new Set(faults)];
}
