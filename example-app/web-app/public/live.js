// Counts seconds down, and shows what is new. Without it, loading a page again shows the same.
const { document, DOMParser, fetch, location, setInterval } = globalThis

setInterval(() => {
  for (const left of document.querySelectorAll('[data-countdown]')) {
    left.textContent = Math.max(0, left.textContent - 1)
    const wait = left.closest('[data-ends]')
    if (left.textContent === '0' && wait) endWait(wait)
  }
}, 1000)

function endWait(wait) {
  wait.className = 'notice'
  wait.textContent = wait.dataset.ends
}

if (location.pathname === '/integrations') setInterval(showNews, 2000)

async function showNews() {
  const answer = await fetch(location.pathname).catch(() => ({}))
  // Signed out on another device: the page that came in its place says so.
  if (answer.redirected) return location.assign(answer.url)
  if (!answer.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  for (const part of document.querySelectorAll('[data-live]')) {
    // Nothing changes while somebody reads the details.
    if (!part.querySelector('[open]')) part.innerHTML = page.querySelector(`[data-live=${part.dataset.live}]`).innerHTML
  }
}
