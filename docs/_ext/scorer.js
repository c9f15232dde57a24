/* The order of what the search finds: pages that the index names for these words, then tutorials and
   guides, then the reference. Read by the search of Sphinx, which says what the numbers mean. */

var Scorer = {
  score([page, , , , score, , kind]) {
    if (kind === "index") return 100 + score - (page === "glossary" ? 1 : 0);
    if (kind === "object") return score;
    if (page.startsWith("api/")) return score - 10;
    // All words are in the title.
    return score >= 15 ? score + 30 : score;
  },
  objNameMatch: 26,
  objPartialMatch: 3,
  objPrio: { 0: 0, 1: 0, 2: 0 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
