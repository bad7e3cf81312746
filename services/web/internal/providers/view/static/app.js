// What pages do where scripts run, beside what htmx does. Each page works without it.
(() => {
  "use strict";

  // The extension for server-sent events asks for a stream with every request. Only live parts want one.
  document.addEventListener("htmx:config:request", (event) => {
    const { sourceElement, request } = event.detail.ctx;
    request.headers.Accept = sourceElement.hasAttribute("hx-sse:connect") ? "text/event-stream" : "text/html";
  });

  // A form that waits for the one before it, while both save a draft, goes on with the version that that one has made.
  // One that waited until the page was left is not sent: the form before it has stored the same.
  document.addEventListener("htmx:before:request", (event) => {
    const { sourceElement, request } = event.detail.ctx;
    if (!sourceElement.isConnected) return event.preventDefault();
    const version = request.form?.elements?.version;
    if (version && request.body instanceof FormData) request.body.set("version", version.value);
  });

  // Times are in UTC in the HTML. Here they become those of the reader.
  const locale = document.documentElement.dataset.locale;
  const forms = {
    date: new Intl.DateTimeFormat(locale, { dateStyle: "medium" }),
    time: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }),
  };
  const showLocalTimes = (root) => {
    for (const element of root.querySelectorAll("time[data-form]")) {
      const form = forms[element.dataset.form];
      const moment = new Date(element.dateTime);
      if (form && !Number.isNaN(moment.getTime())) element.textContent = form.format(moment);
    }
  };

  // A link that htmx follows leaves the focus where nothing is any more. Screen readers go on at the new content.
  let arrived = false;
  document.addEventListener("htmx:after:history:push", () => {
    arrived = true; // the content comes after the address
  });

  document.addEventListener("htmx:after:process", (event) => {
    if (event.target.querySelectorAll) showLocalTimes(event.target);
    if (!arrived) return;
    arrived = false;
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  });

  showLocalTimes(document);
})();
