// What the page on screen tells the shell about itself. The shell resets it before each page.
import type { Snippet } from 'svelte';

class PageInfo {
  /** The h1 and the window title. Empty: the name of the route. */
  title = $state('');
  /** Before the h1, in the header: a breadcrumb. */
  lead = $state.raw<Snippet | null>(null);
  /** After the h1, in the header: a status. */
  head = $state.raw<Snippet | null>(null);
  /** In front of the window title: "(12) Live". */
  count = $state(0);
  /**
   * True: the page gets no padding and the whole height below the header, and scrolls inside itself.
   * False: the shell pads by `--page-x` (24 px, phone 16 px) and scrolls. Either way `main` has a definite height.
   */
  bare = $state(false);

  reset(): void {
    this.title = '';
    this.lead = null;
    this.head = null;
    this.count = 0;
    this.bare = false;
  }
}

/** The page on screen. */
export const page = new PageInfo();
