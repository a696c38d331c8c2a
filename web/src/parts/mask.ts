// How secrets stand on screen before they are shown.

/** A secret as dots; of a URL everything up to the last slash stays readable. */
export function mask(value: string): string {
  const cut = /^[a-z]+:\/\//i.test(value) ? value.lastIndexOf('/') + 1 : 0;
  return value.slice(0, cut) + '•'.repeat(value ? 16 : 0);
}

/** A label inside a sentence: its first letter small, unless it is an abbreviation. */
export function within(label: string, lang: string): string {
  if (lang !== 'en' || /^.[A-Z]/.test(label)) return label;
  return label.charAt(0).toLowerCase() + label.slice(1);
}
