// Shows one operation: what it is called, who may, what it takes, what it answers.
import { el, prose } from "/docs/element.js";
import { contentOf, exampleOf, typeOf } from "/docs/schema.js";

export function operationOf(service, spec, path, method) {
  const operation = spec.paths[path][method];
  const access = accessOf(operation);
  const words = [method, path, operation.operationId, operation.summary, operation.description, access, service];
  return el("details",
    {
      class: "operation", id: `${service}/${operation.operationId}`,
      "data-operation": `${method.toUpperCase()} ${path}`, "data-words": words.join(" ").toLowerCase(),
    },
    el("summary", {},
      el("span", { class: `method ${method}` }, method.toUpperCase()), " ",
      el("code", { class: "path" }, path), " ",
      el("span", { class: "title" }, operation.summary ?? ""), " ",
      el("span", { class: "access" }, access)),
    el("div", { class: "body" },
      el("p", {}, ...prose(operation.description)),
      ...parametersOf(spec, operation),
      ...requestOf(spec, operation),
      el("h3", {}, "Answers"),
      ...Object.entries(operation.responses).map(([status, answer]) => answerOf(spec, status, answer))));
}

// Of the roles that are named, one is enough.
function accessOf(operation) {
  const roles = operation.security.map((requirement) => requirement.bearer).find(Boolean);
  if (!roles) {
    return operation.security.some((requirement) => requirement.apiKey) ? "everybody" : "everybody, without an API key";
  }
  return roles.length ? roles.join(" or ") : "signed in";
}

function parametersOf(spec, operation) {
  if (!operation.parameters?.length) {
    return [];
  }
  const rows = operation.parameters.map((parameter) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, parameter.name)),
    el("td", {}, parameter.in),
    el("td", {}, typeOf(spec, parameter.schema), parameter.required ? ", required" : ""),
    el("td", {}, ...prose(parameter.description ?? parameter.schema?.description))));
  const titles = ["Name", "In", "Type", "Meaning"].map((title) => el("th", { scope: "col" }, title));
  return [
    el("h3", {}, "Parameters"),
    el("table", {}, el("thead", {}, el("tr", {}, ...titles)), el("tbody", {}, ...rows)),
  ];
}

function requestOf(spec, operation) {
  const content = operation.requestBody?.content;
  if (!content) {
    return [];
  }
  const example = exampleOf(spec, Object.values(content)[0].schema);
  return [
    el("h3", {}, operation.requestBody.required ? "Body" : "Body, if any"),
    ...contentOf(spec, content),
    el("pre", { tabindex: 0, "aria-label": "Example" }, JSON.stringify(example, null, 2)),
  ];
}

function answerOf(spec, status, answer) {
  const headers = Object.keys(answer.headers ?? {});
  const title = el("span", {},
    el("b", { class: "status" }, status), " ", ...prose(answer.description),
    headers.length ? `; headers ${headers.join(", ")}` : "");
  const content = answer.content ?? {};
  if (content["application/problem+json"]) {
    return el("p", { class: "answer" }, title, " — ", el("a", { href: "#problem" }, "problem"));
  }
  return el("div", { class: "answer" }, el("p", {}, title), ...contentOf(spec, content));
}
