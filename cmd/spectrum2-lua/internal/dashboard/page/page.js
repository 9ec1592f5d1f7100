// Keeps the page up to date and sends its forms without loading the page again. The server
// makes all HTML, and escapes what is in it.
"use strict";

const connection = document.getElementById("connection");

// replace shows the new content of an element. The focus and opened details stay.
function replace(id, html) {
  const element = document.getElementById(id);
  if (!element) return;
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  const opened = new Set(Array.from(element.querySelectorAll("details[open]"), (d) => d.dataset.key));
  element.innerHTML = html;
  for (const details of element.querySelectorAll("details")) {
    if (opened.has(details.dataset.key)) details.open = true;
  }
  if (focused) document.getElementById(focused)?.focus();
}

const events = new EventSource("events");
events.addEventListener("update", (event) => {
  connection.textContent = "";
  document.documentElement.dataset.live = "yes";
  for (const [id, html] of Object.entries(JSON.parse(event.data))) replace(id, html);
});
events.onerror = () => {
  connection.textContent = "The connection to the dashboard is lost. If the command was restarted, open the address that it has printed.";
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  connection.textContent = "Sent …";
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
    });
    connection.textContent = answer.ok ? "" : await answer.text();
  } catch {
    connection.textContent = "The dashboard cannot be reached.";
  }
});
