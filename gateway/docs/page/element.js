// Builds elements out of text, never out of markup: nothing that a description says can become part of the page's code.

export function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) {
      element.setAttribute(key, value);
    }
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

// Descriptions are text in which `this` is code.
export function prose(text = "") {
  return text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));
}
