// Loads the description of every service, shows all of their operations, and filters them.
import { el, prose } from "/docs/element.js";
import { operationOf } from "/docs/operation.js";
import { fieldsOf } from "/docs/schema.js";

const methods = ["get", "post", "put", "patch", "delete"];
const main = document.getElementById("operations");
const filter = document.getElementById("filter");
const count = document.getElementById("count");

async function load(link) {
  const answer = await fetch(link.dataset.spec);
  if (!answer.ok) {
    throw new Error(`${link.dataset.spec} answered ${answer.status}`);
  }
  return { service: link.dataset.service, file: link.dataset.spec, spec: await answer.json() };
}

function sectionOf({ service, file, spec }) {
  const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
    methods.filter((method) => item[method]).map((method) => operationOf(service, spec, path, method)));
  return el("section", { id: service, "aria-labelledby": `${service}-title` },
    el("h2", { id: `${service}-title` }, spec.info.title),
    el("p", {}, ...prose(spec.info.description), " ", el("a", { href: file }, "OpenAPI")),
    ...operations);
}

// Every service answers errors in the same form, so it is shown once.
function problemSection(specs) {
  const { spec } = specs.find(({ spec }) => spec.components.schemas.Problem);
  return el("section", { id: "problem", "aria-labelledby": "problem-title" },
    el("h2", { id: "problem-title" }, "Problems"),
    el("p", {}, "Every error has this body, as ", el("code", {}, "application/problem+json"), "."),
    fieldsOf(spec, spec.components.schemas.Problem));
}

// An operation is shown if every word occurs in it.
function applyFilter() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  const operations = [...main.querySelectorAll(".operation")];
  for (const operation of operations) {
    operation.hidden = !words.every((word) => operation.dataset.words.includes(word));
    shown += operation.hidden ? 0 : 1;
  }
  for (const section of main.querySelectorAll("section")) {
    section.hidden = words.length > 0 && !section.querySelector(".operation:not([hidden])");
  }
  count.textContent = shown === operations.length ? `${shown} operations` : `${shown} of ${operations.length} operations`;
}

// A link to an operation opens it.
function openLinked() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details")) {
    target.open = true;
  }
  target?.scrollIntoView();
}

async function start() {
  const specs = await Promise.all([...document.querySelectorAll("[data-spec]")].map(load));
  main.replaceChildren(...specs.map(sectionOf), problemSection(specs));
  filter.value = new URLSearchParams(location.search).get("q") ?? "";
  filter.addEventListener("input", applyFilter);
  filter.form.addEventListener("submit", (event) => event.preventDefault());
  applyFilter();
  addEventListener("hashchange", openLinked);
  openLinked();
}

start()
  .catch((problem) => {
    main.replaceChildren(el("p", { role: "alert" }, `The descriptions cannot be shown: ${problem.message}`));
    throw problem;
  })
  .finally(() => main.setAttribute("aria-busy", "false"));
