// The columns of a table, and how a row becomes a card on a phone: every cell learns its column's label.
import type { Attachment } from 'svelte/attachments';

/** A column: `num` lines its cells up right, `sort` gives its head a button, `bare` hides the head's text, `note` stands behind it: a zone. */
export interface Column {
  id: string;
  label: string;
  num?: boolean;
  sort?: boolean;
  bare?: boolean;
  note?: string;
}

/** Keep role and `data-label` of a row's cells in step with the columns. */
export function cells(labels: readonly string[]): Attachment<HTMLElement> {
  return (row) => {
    const mark = (): void => {
      [...row.children].forEach((cell, index) => {
        const label = labels[index] ?? '';
        if (cell.getAttribute('data-label') !== label) cell.setAttribute('data-label', label);
        // Once a cell is laid out as a block some browsers forget that it is a cell.
        if (!cell.hasAttribute('role')) cell.setAttribute('role', cell.tagName === 'TH' ? 'rowheader' : 'cell');
      });
    };
    mark();
    const watch = new MutationObserver(mark);
    watch.observe(row, { childList: true });
    return () => watch.disconnect();
  };
}
