// Writes a request as code. The value of a header may end with a variable of the environment.

const text = (value) => JSON.stringify(value);
const shell = (value) => `'${value.replaceAll("'", `'\\''`)}'`;

// json is a body as a value, if it is one.
const json = (body, indent) => { try { return JSON.stringify(JSON.parse(body), null, indent); } catch { return undefined; } };

// joined is a header's value where texts and variables are joined by +.
const joined = (variableOf) => ({ value, variable }) => [...(value || !variable ? [text(value)] : []), ...(variable ? [variableOf(variable)] : [])].join(" + ");

function curl({ method, url, headers, body }) {
  const header = ({ name, value, variable }) => (variable ? `"${name}: ${value}$${variable}"` : shell(`${name}: ${value}`));
  return [
    `curl -X ${method} ${shell(url)}`, ...headers.map((each) => `-H ${header(each)}`), ...(body ? [`-d ${shell(body)}`] : []),
  ].join(" \\\n  ");
}

function go({ method, url, headers, body }) {
  const raw = body && (body.includes("`") ? text(body) : `\`${body}\``);
  const value = joined((variable) => `os.Getenv(${text(variable)})`);
  const failed = "if err != nil {\n\treturn err\n}";
  return [
    `request, err := http.NewRequestWithContext(ctx, ${text(method)}, ${text(url)}, ${raw ? `strings.NewReader(${raw})` : "nil"})`, failed,
    ...headers.map((header) => `request.Header.Set(${text(header.name)}, ${value(header)})`),
    "answer, err := http.DefaultClient.Do(request)", failed, "defer answer.Body.Close()",
  ].join("\n");
}

function javaScript({ method, url, headers, body }) {
  const value = joined((variable) => `process.env.${variable}`);
  const content = body && (json(body, 2) ? `JSON.stringify(${json(body, 2).replaceAll("\n", "\n  ")})` : text(body));
  return [
    `const answer = await fetch(${text(url)}, {`, `  method: ${text(method)},`,
    ...(headers.length ? ["  headers: {", ...headers.map((header) => `    ${text(header.name)}: ${value(header)},`), "  },"] : []),
    ...(body ? [`  body: ${content},`] : []), "});", "console.log(answer.status, await answer.text());",
  ].join("\n");
}

function python({ method, url, headers, body }) {
  const value = joined((variable) => `os.environ[${text(variable)}]`);
  return [
    "import os, requests", "", "answer = requests.request(", `    ${text(method)}, ${text(url)},`,
    ...(headers.length ? ["    headers={", ...headers.map((header) => `        ${text(header.name)}: ${value(header)},`), "    },"] : []),
    ...(body ? [`    data=${text(json(body) ?? body)}.encode(),`] : []), ")", "print(answer.status_code, answer.text)",
  ].join("\n");
}

export const languages = { curl, Go: go, JavaScript: javaScript, Python: python };
