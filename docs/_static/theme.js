/* Before anything is painted, the theme that the reader chose, else that of the system. The theme's
   own script comes at the end: a dark page would be light until then, and load figures twice. */

{
  const { dataset } = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  dataset.mode = localStorage.getItem("mode") || "";
  dataset.theme = ["light", "dark"].includes(dataset.mode) ? dataset.mode : dark ? "dark" : "light";
}
