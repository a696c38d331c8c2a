// The box an element scrolls in, and word of its moves.

/** What scrolls an element: itself, something around it, or the page. */
export function boxOf(element: HTMLElement): HTMLElement {
  for (let el: HTMLElement | null = element; el !== null && el !== document.body; el = el.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(el).overflowY)) return el;
  }
  return document.documentElement;
}

/** Upper and lower edge of what can be seen of that, in the window. */
export function edgesOf(element: HTMLElement): { from: number; to: number } {
  const box = boxOf(element);
  if (box === document.documentElement) return { from: 0, to: innerHeight };
  const rect = box.getBoundingClientRect();
  return { from: rect.top, to: rect.top + box.clientHeight };
}

/** A length token in pixels. */
export function tokenPx(element: HTMLElement, name: string): number {
  const text = getComputedStyle(element).getPropertyValue(name).trim();
  const rem = text.endsWith('rem') ? parseFloat(getComputedStyle(document.documentElement).fontSize) : 1;
  return parseFloat(text) * rem;
}

/** Calls `read` at most once a frame when the element's box scrolls, or one of these changes its size. The answer ends it. */
export function watchScroll(element: HTMLElement, sized: readonly HTMLElement[], read: () => void): () => void {
  let frame = 0;
  const later = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      read();
    });
  };
  const onscroll = (event: Event): void => {
    if ((event.target as Node).contains(element)) later();
  };
  document.addEventListener('scroll', onscroll, { capture: true, passive: true });
  const watch = new ResizeObserver(later);
  for (const one of sized) watch.observe(one);
  addEventListener('resize', later);
  return () => {
    cancelAnimationFrame(frame);
    watch.disconnect();
    removeEventListener('resize', later);
    document.removeEventListener('scroll', onscroll, { capture: true });
  };
}
