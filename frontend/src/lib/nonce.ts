/** The server writes a fresh nonce into the page; style elements made at run time must carry it under the page's CSP. */
import { setNonce } from 'get-nonce';

const PLACEHOLDER = '__CSP_NONCE__';

export function pageNonce(): string | undefined {
  const content = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
  return content && content !== PLACEHOLDER ? content : undefined;
}

export function shareNonce(): void {
  const nonce = pageNonce();
  if (nonce) setNonce(nonce);
}
