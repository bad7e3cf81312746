// Makes one description, for Swagger UI, out of those of all services.

// Two services may have schemas of the same name: here, the names begin with the service's.
const schemas = "#/components/schemas/";

async function load(link) {
  const answer = await fetch(link.href);
  if (!answer.ok) {
    throw new Error(`${link.href} answered ${answer.status}`);
  }
  const { service } = link.dataset;
  return { service, own: JSON.parse((await answer.text()).replaceAll(schemas, `${schemas}${service}-`), exemplary) };
}

// exemplary gives an example to what would get a random one each time.
const examples = { uuid: "01890a5d-ac96-774b-bcce-b302099a8057", "^[A-Z]{3}$": "EUR" };
function exemplary(_, value) {
  const example = examples[value?.format] ?? examples[value?.pattern];
  return example && !value.examples ? { ...value, examples: [example] } : value;
}

// merge returns the description, its services with the tags of each, and the operations by method and path.
export async function merge(links) {
  const loaded = await Promise.all(links.map(load));
  const [{ own: first }] = loaded;
  const spec = {
    openapi: first.openapi, info: { ...first.info, title: "Stoa" }, servers: [{ url: location.origin }], tags: [], paths: {},
    components: { schemas: {}, securitySchemes: first.components.securitySchemes },
  };
  const services = [];
  const operations = new Map();
  for (const { service, own } of loaded) {
    const tags = new Set();
    for (const [name, schema] of Object.entries(own.components.schemas)) {
      spec.components.schemas[`${service}-${name}`] = schema;
    }
    for (const [path, item] of Object.entries(own.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        operation.tags = operation.tags.map((tag) => `${own.info.title}: ${tag}`);
        operation.tags.forEach((tag) => tags.add(tag));
        operations.set(`${method} ${path}`, { service, path, method, operation });
      }
    }
    Object.assign(spec.paths, own.paths);
    spec.tags.push(...[...tags].map((name) => ({ name })));
    services.push({ service, tags: [...tags], ...own.info });
  }
  return { spec, services, operations };
}

// accessOf says who may call an operation. Of the roles that are named, one is enough.
export function accessOf(security = []) {
  const roles = security.map((requirement) => requirement.bearer).find(Boolean);
  if (!roles) {
    return security.some((requirement) => requirement.apiKey) ? "everybody" : "everybody, without an API key";
  }
  if (roles.includes("verified")) {
    return "signed in, with a verified address";
  }
  return roles.length ? roles.map((role) => role.toLowerCase()).join(" or ") : "signed in";
}
