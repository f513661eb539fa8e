export function Mark() {
  return <svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="currentColor" />
    <path d="M16 7v5M16 12l-6 6M16 12l6 6M10 18l-3 6M10 18l3 6M22 18l-3 6M22 18l3 6" fill="none" stroke="var(--surface)"
      stroke-width="2.2" stroke-linecap="round" /></svg>;
}
