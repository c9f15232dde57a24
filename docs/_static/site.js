/* Search. Paper is white. The button that copies the script of an example. The filter of the gallery. */

const searchPage = document.querySelector(".bd-search-container");
searchPage?.querySelector("input").focus();
// Where the results are a page of their own, those of the theme's window would be among them.
DOCUMENTATION_OPTIONS.search_as_you_type = !searchPage;

const root = document.documentElement;
const paper = matchMedia("print");
let onScreen;
paper.addEventListener("change", () => {
  if (paper.matches) onScreen = root.dataset.theme;
  root.dataset.theme = paper.matches ? "light" : onScreen;
});

const script = document.getElementById("whole-script");
if (script) {
  const button = document.querySelector(".copy-script");
  const words = button.textContent;
  const clipboard = new ClipboardJS(button, { text: () => JSON.parse(script.content.textContent) });
  let said;
  const say = (text) => {
    clearTimeout(said);
    button.textContent = text;
    said = setTimeout(() => (button.textContent = words), 2000);
  };
  clipboard.on("success", () => say("Copied"));
  clipboard.on("error", () => say("Copying failed"));
}

const filter = document.querySelector(".tag-filter");
if (filter) {
  const clear = filter.querySelector(".clear");
  const buttons = [...filter.querySelectorAll("button[value]")];
  const cards = [...document.querySelectorAll(".example-card")];
  const pressed = () => buttons.filter((each) => each.ariaPressed === "true");

  const show = () => {
    const wanted = pressed().map((each) => each.value);
    for (const card of cards) {
      const tags = JSON.parse(card.dataset.tags);
      card.hidden = !wanted.every((tag) => tags.includes(tag));
    }
    for (const section of document.querySelectorAll("section section:has(.example-card)")) {
      section.hidden = !section.querySelector(".example-card:not([hidden])");
    }
    const shown = cards.filter((card) => !card.hidden).length;
    filter.querySelector("[role=status]").textContent =
      wanted.length ? `${shown} of ${cards.length} examples` : "";
    clear.hidden = !wanted.length;
    // What would leave nothing is off.
    const left = cards.filter((card) => !card.hidden).map((card) => JSON.parse(card.dataset.tags));
    for (const each of buttons) {
      each.disabled = each.ariaPressed !== "true" && !left.some((tags) => tags.includes(each.value));
    }
  };

  const address = new URL(location);
  const keep = () => {
    address.searchParams.delete("tag");
    pressed().forEach((each) => address.searchParams.append("tag", each.value));
    history.replaceState(null, "", address);
    show();
  };
  for (const button of buttons) {
    button.ariaPressed = address.searchParams.getAll("tag").includes(button.value);
    button.addEventListener("click", () => {
      button.ariaPressed = button.ariaPressed !== "true";
      keep();
    });
  }
  clear.addEventListener("click", () => {
    buttons.forEach((each) => (each.ariaPressed = "false"));
    keep();
    buttons[0].focus();
  });
  show();
}
