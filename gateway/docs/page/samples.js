// Shows how a program sends the request of an operation. Keys and tokens are variables: a sample can be given away.
import { languages } from "/docs/languages.js";

const secrets = {
  "x-api-key": { name: "x-api-key", value: "", variable: "STOA_API_KEY" },
  authorization: { name: "authorization", value: "Bearer ", variable: "STOA_TOKEN" },
};

// templateOf is the request of an operation, with the names of its parameters in their places.
function templateOf(fn, path, method, { parameters = [], requestBody, security = [] }) {
  const required = (place) => parameters.filter((p) => p.required && p.in === place).map(({ name }) => name);
  const query = required("query").map((name) => `${name}={${name}}`).join("&");
  const headers = required("header").map((name) => ({ name, value: `{${name}}` }));
  const needs = Object.assign({}, ...security);
  const [media, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  return {
    method: method.toUpperCase(), url: location.origin + path + (query && `?${query}`),
    headers: [
      ...(needs.apiKey ? [secrets["x-api-key"]] : []), ...(needs.bearer ? [secrets.authorization] : []),
      ...headers, ...(media ? [{ name: "content-type", value: media }] : []),
    ],
    body: media && fn.getSampleSchema(content.schema, media, { includeWriteOnly: true }),
  };
}

// sentOf is the request that was tried out.
function sentOf({ method, url, headers = {}, body }) {
  return {
    method, url, body,
    headers: Object.entries(headers)
      .map(([name, value]) => secrets[name.toLowerCase()] ?? { name: name.toLowerCase(), value })
      .filter(({ name, value }) => name !== "accept" || value !== "*/*"),
  };
}

export const samplesFor = ({ createElement: h, useMemo, useState }) => ({ fn, path, method, specSelectors }) => {
  const [language, choose] = useState("curl");
  const [copied, setCopied] = useState("");
  const sent = specSelectors.requestFor(path, method);
  const operation = specSelectors.specResolvedSubtree(["paths", path, method]);
  const request = useMemo(
    () => (sent?.get("url") ? sentOf(sent.toJS()) : templateOf(fn, path, method, operation?.toJS() ?? {})), [sent, operation]);
  const code = languages[language](request);
  const copy = () => navigator.clipboard.writeText(code).then(() => setCopied(code));
  const button = (name) => h("button",
    { key: name, type: "button", className: "btn", "aria-pressed": name === language, onClick: () => choose(name) }, name);
  return h("div", { className: "samples" },
    h("div", { className: "opblock-section-header" }, h("h4", {}, "Code")),
    h("div", { className: "languages", role: "group", "aria-label": "Language of the code" },
      Object.keys(languages).map(button),
      // Browsers let pages write to the clipboard on localhost and over HTTPS only.
      navigator.clipboard && h("button", { type: "button", className: "btn", onClick: copy }, "Copy"),
      h("output", {}, copied === code ? "Copied" : "")),
    h("pre", { className: "microlight", tabIndex: 0, "aria-label": `The request in ${language}` }, code));
};
