// Shows the operations of all services on one page, by Swagger UI.
import { merge } from "/docs/descriptions.js";
import { plugin } from "/docs/plugin.js";
import { index } from "/docs/search.js";

const main = document.getElementById("operations");
const filter = document.getElementById("filter");
const token = document.getElementById("token");
const signedIn = document.getElementById("signed-in");
const fields = { apiKey: document.getElementById("key"), bearer: token };

function show({ spec, services, operations }) {
  const matches = index({ spec, operations });
  const place = document.createElement("div");
  main.append(place);
  // What is typed is sent with each request that asks for it.
  const authorize = (name) => {
    const value = fields[name].value.trim();
    if (value) {
      ui.authActions.authorize({ [name]: { name, value, schema: spec.components.securitySchemes[name] } });
    } else if (ui.authSelectors.authorized().has(name)) {
      ui.authActions.logout([name]);
    }
  };
  const search = () => {
    const phrase = filter.value.trim();
    const shown = [...operations.keys()].filter((key) => matches(key, phrase)).length;
    ui.layoutActions.updateFilter(phrase || false);
    document.getElementById("count").textContent =
      shown === operations.size ? `${shown} operations` : `${shown} of ${operations.size} operations`;
  };
  const ui = window.SwaggerUIBundle({
    spec, domNode: place, layout: "Services", plugins: [plugin(services, matches)],
    deepLinking: true, docExpansion: "list", defaultModelExpandDepth: 3, displayRequestDuration: true, validatorUrl: null,
    onComplete: () => main.setAttribute("aria-busy", "false"),
    responseInterceptor: (answer) => {
      if (answer.ok && answer.body?.accessToken) {
        token.value = answer.body.accessToken;
        authorize("bearer");
        signedIn.textContent = "You are signed in.";
      }
      return answer;
    },
  });
  for (const name of Object.keys(fields)) {
    fields[name].addEventListener("input", () => authorize(name));
  }
  token.addEventListener("input", () => { signedIn.textContent = ""; });
  filter.value = new URLSearchParams(location.search).get("q") ?? "";
  filter.addEventListener("input", search);
  search();
}

document.addEventListener("submit", (event) => event.preventDefault());
merge([...document.querySelectorAll("[data-service]")]).then(show).catch((problem) => {
  const said = document.createElement("p");
  said.setAttribute("role", "alert");
  said.textContent = `The operations cannot be shown: ${problem.message}`;
  main.replaceChildren(said);
  main.setAttribute("aria-busy", "false");
  throw problem;
});
