// Finds operations by words.
import { accessOf } from "/docs/descriptions.js";

// fieldsOf returns the names of a schema's fields, and of those within them.
function fieldsOf(spec, schema, seen = new Set()) {
  if (!schema || seen.has(schema)) {
    return [];
  }
  seen.add(schema);
  const target = schema.$ref && spec.components.schemas[schema.$ref.split("/").pop()];
  return [
    ...fieldsOf(spec, target, seen), ...fieldsOf(spec, schema.items, seen),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [name, ...fieldsOf(spec, field, seen)]),
  ];
}

function textOf(spec, { service, path, method, operation }) {
  const bodies = Object.values(operation.requestBody?.content ?? {}).flatMap(({ schema }) => fieldsOf(spec, schema));
  const parameters = (operation.parameters ?? []).map(({ name }) => name);
  return [
    service, method, path, operation.operationId, operation.summary, operation.description, accessOf(operation.security),
    ...operation.tags, ...parameters, ...bodies,
  ].join(" ").toLowerCase();
}

// index returns a function that says whether every word of a phrase occurs in the operation of a method and path.
export function index({ spec, operations }) {
  const texts = new Map([...operations].map(([key, operation]) => [key, textOf(spec, operation)]));
  return (key, phrase) => phrase.toLowerCase().split(/\s+/).every((word) => texts.get(key).includes(word));
}
