// The search field. The texts of all pages are one script that is loaded when the field is first used; nothing is asked of a server.
import MiniSearch from 'minisearch';

const { document } = globalThis;
const form = document.getElementById('site-search');
const field = document.getElementById('site-words');
const found = document.getElementById('site-found');
const base = field.dataset.root;
let index;

form.hidden = false;

/** The index of all sections; the script `search-texts.js` defines `searchTexts`. */
function load() {
  index ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = `${base}assets/search-texts.js`;
    script.onerror = reject;
    script.onload = () => {
      const search = new MiniSearch({
        fields: ['title', 'heading', 'text'],
        storeFields: ['title', 'heading', 'path'],
        searchOptions: { boost: { title: 4, heading: 3 }, prefix: true, fuzzy: 0.15, combineWith: 'AND' },
      });
      search.addAll(globalThis.searchTexts.map((one, id) => ({ id, ...one })));
      resolve(search);
    };
    document.head.append(script);
  });
  return index;
}

async function show() {
  const words = field.value.trim();
  found.hidden = words === '';
  if (words === '') return;
  const results = (await load()).search(words).slice(0, 12);
  const list = document.createElement('ul');
  for (const { title, heading, path } of results) {
    const link = document.createElement('a');
    link.href = base + path;
    link.textContent = heading === title ? title : `${title}: ${heading}`;
    const item = document.createElement('li');
    item.append(link);
    list.append(item);
  }
  const none = document.createElement('p');
  none.textContent = 'No page has these words.';
  found.replaceChildren(results.length > 0 ? list : none);
}

field.addEventListener('focus', load, { once: true });
field.addEventListener('input', show);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  found.querySelector('a')?.click();
});
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && !/input|textarea/i.test(document.activeElement.localName)) {
    event.preventDefault();
    field.focus();
  }
  if (event.key === 'Escape') found.hidden = true;
});
