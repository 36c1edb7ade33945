/** What the page can do beyond being read: sort tables, find labels, open what a link leads to, print all of it. */
export const pageScript = `
(() => {
  const all = (selector, of = document) => [...of.querySelectorAll(selector)];
  const numberOf = (text) => parseFloat(text.replace('−', '-').replace(/^[<+≥ ]+/, ''));
  for (const table of all('table')) {
    const [body] = table.tBodies;
    if (!table.tHead || body.rows.length < 3) continue;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      if (head.textContent.trim() === '') return;
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const order = head.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending';
        heads.forEach((one) => one.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', order);
        const sign = order === 'ascending' ? 1 : -1;
        const keyed = [...body.rows].map((row) => ({ row, text: row.cells[at]?.textContent.trim() ?? '' }));
        const isEmpty = ({ text }) => text === '–' || text === '';
        keyed.sort((a, b) => {
          if (isEmpty(a) || isEmpty(b)) return isEmpty(a) - isEmpty(b);
          const [x, y] = [numberOf(a.text), numberOf(b.text)];
          return sign * (Number.isNaN(x) || Number.isNaN(y) ? a.text.localeCompare(b.text) : x - y);
        });
        body.append(...keyed.map(({ row }) => row));
      });
    });
  }
  for (const place of all('[data-find]')) {
    const own = all(':scope > details', place);
    const items = own.length > 0 ? own : all('tbody > tr', place);
    if (items.length < 8) continue;
    const field = document.createElement('input');
    field.type = 'search';
    field.placeholder = field.ariaLabel = place.dataset.find;
    field.addEventListener('input', () => {
      const wanted = field.value.trim().toLowerCase();
      for (const item of items) {
        const text = (item.querySelector('summary') ?? item).textContent.toLowerCase();
        item.hidden = !text.includes(wanted);
      }
    });
    place.prepend(field);
  }
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let at = target; at; at = at.parentElement) if (at.localName === 'details') at.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener('hashchange', reveal);
  reveal();
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = all('details:not([open])');
    for (const one of closed) one.open = true;
  });
  addEventListener('afterprint', () => closed.forEach((one) => (one.open = false)));
})();
`.trim();
