// The shape of a language: area, then name, then a text or its plural forms.

/** A text, or the forms chosen by `n`. */
export type Entry = string | { one: string; other: string };
/** Area name to its entries. */
export type Language = Record<string, Record<string, Entry>>;

/** File paths to areas: `./en/shell.json` becomes `shell`. */
export function areas(files: Record<string, Record<string, unknown>>): Language {
  const language: Language = {};
  for (const [path, entries] of Object.entries(files)) {
    const area = path.replace(/^.*\/|\.json$/g, '');
    language[area] = entries as Record<string, Entry>;
  }
  return language;
}
