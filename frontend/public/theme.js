// Runs before the first paint, so that a dark page never flashes white; inline scripts are forbidden by the page's CSP.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('mantine-color-scheme-value');
  } catch (refused) {
    chosen = null; // storage may be blocked by the browser: follow the system then
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
