// Runs before the first paint: the chosen theme and language, so that nothing flashes.
(function () {
  try {
    var root = document.documentElement;
    var theme = localStorage.getItem('wp.theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    var lang = localStorage.getItem('wp.lang') || (navigator.language.slice(0, 2) === 'de' ? 'de' : 'en');
    root.lang = lang === 'de' ? 'de' : 'en';
  } catch {
    // Storage can be forbidden; then the browser's own wish rules.
  }
})();
