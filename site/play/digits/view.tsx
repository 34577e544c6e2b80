// Soon.
export function View() {
  return <p class="loading">…</p>;
}
