// Shows JSON Schemas as lists of fields, and makes examples of them.
import { el, prose } from "/docs/element.js";

// A schema that stands for another keeps what it says itself.
function resolve(spec, schema = {}) {
  if (!schema.$ref) {
    return schema;
  }
  const name = schema.$ref.split("/").pop();
  return { ...spec.components.schemas[name], ...schema, name };
}

const kindOf = (schema) => [schema.type ?? "any"].flat().filter((type) => type !== "null").join(" or ");

// typeOf says in a few words what a value has to be.
export function typeOf(spec, reference) {
  const schema = resolve(spec, reference);
  if (kindOf(schema) === "array") {
    return `list of ${typeOf(spec, schema.items)}${limits(schema.minItems, schema.maxItems, " entries")}`;
  }
  const words = [schema.name ?? schema.format ?? kindOf(schema)];
  if (schema.enum) {
    words.push(`: ${schema.enum.join(", ")}`);
  }
  words.push(limits(schema.minLength, schema.maxLength, " characters"), limits(schema.minimum, schema.maximum, ""));
  if (schema.default !== undefined) {
    words.push(`, ${JSON.stringify(schema.default)} unless given`);
  }
  if (schema.pattern) {
    words.push(`, ${schema.patternDescription ?? schema.pattern}`);
  }
  return words.join("");
}

function limits(least, most, unit) {
  if (least === undefined && most === undefined) {
    return "";
  }
  if (most === undefined) {
    return `, at least ${least}${unit}`;
  }
  return least === undefined ? `, at most ${most}${unit}` : `, ${least} to ${most}${unit}`;
}

// fieldsOf lists the fields of an object, and below each the fields of what it holds. Within itself, a schema is only named.
export function fieldsOf(spec, reference, within = []) {
  const schema = resolve(spec, reference);
  if (kindOf(schema) === "array") {
    return fieldsOf(spec, schema.items, within);
  }
  if (!schema.properties || within.includes(schema.name)) {
    return undefined;
  }
  const required = schema.required ?? [];
  const fields = Object.entries(schema.properties).map(([name, field]) => el("li", {},
    el("code", {}, name), " ",
    el("span", { class: "type" }, typeOf(spec, field), required.includes(name) ? "" : ", optional"), " ",
    ...prose(resolve(spec, field).description),
    fieldsOf(spec, field, [...within, schema.name])));
  return el("ul", { class: "fields" }, ...fields);
}

// contentOf shows what a body has to be, or is, in each of its media types.
export function contentOf(spec, content) {
  return Object.entries(content).flatMap(([media, { schema }]) => [
    el("p", {}, el("code", {}, media), " ", el("span", { class: "type" }, typeOf(spec, schema))),
    fieldsOf(spec, schema),
  ]);
}

const samples = {
  uuid: "01890a5d-ac96-774b-bcce-b302099a8057", "date-time": "2026-01-02T03:04:05Z", email: "ann@example.org",
  string: "text", integer: 1, number: 1, boolean: true,
};

// exampleOf makes a value that has the schema's shape.
export function exampleOf(spec, reference, within = []) {
  const schema = resolve(spec, reference);
  const given = schema.examples?.[0] ?? schema.example ?? schema.default ?? schema.enum?.[0];
  if (given !== undefined) {
    return given;
  }
  if (kindOf(schema) === "array") {
    return [exampleOf(spec, schema.items, within)];
  }
  if (!schema.properties || within.includes(schema.name)) {
    return samples[schema.format] ?? samples[kindOf(schema)] ?? {};
  }
  return Object.fromEntries(Object.entries(schema.properties).map(([name, field]) =>
    [name, exampleOf(spec, field, [...within, schema.name])]));
}
