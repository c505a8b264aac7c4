// Draws the diagrams, and again when light turns to dark. No module and no fetch: it works from a file, too.
"use strict";

const NARROW = { wrap: true, actorMargin: 12, width: 158, diagramMarginX: 10, messageMargin: 25 }; // pixels
const SMALLEST = 0.58; // of its own size: on a phone a wide diagram is scrolled, and not made too small to read
const script = document.currentScript.src;
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const diagrams = [...document.querySelectorAll("pre.mermaid")];
const sources = diagrams.map((diagram) => diagram.textContent);
let drawing = Promise.resolve();

addEventListener("resize", letKeysScroll);
addEventListener("toggle", letKeysScroll, true);
letKeysScroll();
if (diagrams.length) loadMermaid();

// Whatever is wider than its place can be scrolled by keys, once it can have the focus.
function letKeysScroll() {
  for (const box of document.querySelectorAll(".content pre, .content .table-wrapper")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

function loadMermaid() {
  const mermaidScript = document.createElement("script");
  mermaidScript.src = new URL("mermaid.min.js", script);
  mermaidScript.addEventListener("load", begin);
  document.head.append(mermaidScript);
}

function begin() {
  drawAll();
  darkSystem.addEventListener("change", drawAll);
  new MutationObserver(drawAll).observe(document.body, { attributeFilter: ["data-theme"] });
}

function isDark() {
  const { theme } = document.body.dataset; // auto, light or dark
  return theme === "dark" || (theme !== "light" && darkSystem.matches);
}

// One after the other: mermaid has one configuration for all.
function drawAll() {
  drawing = drawing.then(async () => {
    const theme = isDark() ? "dark" : "default";
    const { fontFamily } = getComputedStyle(document.body);
    mermaid.initialize({ startOnLoad: false, theme, fontFamily, sequence: NARROW });
    for (const [index, diagram] of diagrams.entries()) await draw(diagram, sources[index], `diagram-${index}`);
    document.documentElement.dataset.drawn = theme;
    letKeysScroll();
  });
}

async function draw(diagram, source, id) {
  const { svg } = await mermaid.render(id, source);
  diagram.innerHTML = svg; // of our own source, and mermaid cleans it
  const picture = diagram.querySelector("svg");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", diagram.dataset.label);
  picture.style.minWidth = `${SMALLEST * picture.viewBox.baseVal.width}px`;
}
