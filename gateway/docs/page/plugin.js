// What this page shows in another way than Swagger UI: a section for each service, who may call, code samples, and a search over all.
import { accessOf } from "/docs/descriptions.js";
import { samplesFor } from "/docs/samples.js";

const nothing = () => null;

// found keeps the operations that fit a phrase, in the tags that have some.
const found = (matches) => (tagged, phrase) => tagged
  .map((tag) => tag.update("operations", (all) => all.filter((op) => matches(`${op.get("method")} ${op.get("path")}`, phrase))))
  .filter((tag) => tag.get("operations").size > 0);

export const plugin = (services, matches) => ({ React }) => {
  const h = React.createElement;

  // Each service is a section, with its tags. Swagger UI would show tags alone, and of a long list only what is in view.
  const Services = (props) => {
    const { getComponent, specSelectors } = props;
    const Errors = getComponent("errors", true);
    const Tag = getComponent("OperationTag");
    const Operation = getComponent("OperationContainer", true);
    const tagged = specSelectors.taggedOperations();
    const operations = (tag) => tagged.getIn([tag, "operations"]).map((op) => {
      const of = { op, tag, path: op.get("path"), method: op.get("method"), specPath: op.get("specPath") };
      return h(Operation, { key: of.method + of.path, ...of });
    }).toArray();
    const section = ({ service, title, description, tags }) => h("section", { key: service, "aria-labelledby": service },
      h("h2", { id: service }, title), h("p", {}, description),
      tags.map((tag) => h(Tag, { ...props, key: tag, tag, tagObj: tagged.get(tag), specUrl: "" }, operations(tag))));
    const shown = services
      .map((service) => ({ ...service, tags: service.tags.filter((tag) => tagged.has(tag)) }))
      .filter(({ tags }) => tags.length > 0);
    return h("div", { className: "swagger-ui" }, h(Errors), shown.map(section), shown.length === 0 && h("p", {}, "No operation has all of these words."));
  };

  // The line of an operation is a heading, and all of it is one button.
  const OperationSummary = ({ isShown, toggleShown, operationProps }) => {
    const { method, path, summary, security } = operationProps.toObject();
    return h("h4", { className: "opblock-summary", "data-operation": `${method.toUpperCase()} ${path}` },
      h("button", { type: "button", className: "opblock-summary-control", "aria-expanded": isShown, onClick: toggleShown },
        h("span", { className: "opblock-summary-method" }, method.toUpperCase()), " ",
        h("code", { className: "opblock-summary-path" }, path), " ",
        h("span", { className: "opblock-summary-description" }, summary), " ",
        h("span", { className: "access" }, accessOf(security?.toJS()))));
  };

  const Code = ({ children, className = "" }) => h("pre", { className: `microlight ${className}`, tabIndex: 0 }, children);
  const Samples = samplesFor(React);

  return {
    fn: { opsFilter: found(matches) },
    components: {
      Services, OperationSummary, HighlightCode: Code,
      // The text of a tag is after its service's name. A link within a heading that is a button cannot be reached by keyboard.
      DeepLink: ({ text }) => h("span", {}, text.slice(text.indexOf(": ") + 2)),
      curl: nothing, CopyToClipboardBtn: nothing,
    },
    wrapComponents: {
      responses: (Responses) => (props) => h(React.Fragment, {}, h(Samples, props), h(Responses, props)),
      TextArea: (TextArea) => (props) => h(TextArea, { "aria-label": "Body", ...props }),
    },
  };
};
