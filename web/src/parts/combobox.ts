// What a combobox offers for what was typed.

/** One thing to choose; `note` stands behind the label in small. */
export interface Option {
  value: string;
  label: string;
  group?: string;
  note?: string;
}

const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[_/-]+/g, ' ')
    .trim();

/** Options whose label holds every typed word, those that begin with the text first; order is otherwise kept. */
export function narrow(options: readonly Option[], typed: string): Option[] {
  const wanted = plain(typed);
  if (!wanted) return [...options];
  const words = wanted.split(/\s+/);
  const found = options.filter((option) => {
    const text = plain(`${option.label} ${option.note ?? ''}`);
    return words.every((word) => text.includes(word));
  });
  const first = found.filter((option) => plain(option.label).startsWith(wanted));
  return [...first, ...found.filter((option) => !first.includes(option))];
}

/** The option meant by a text typed out in full, if there is one. */
export function meant(options: readonly Option[], typed: string): Option | undefined {
  const wanted = plain(typed);
  return options.find((option) => plain(option.label) === wanted) ?? options.find((option) => option.value === typed);
}
