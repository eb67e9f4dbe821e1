/** Leads to another address once. The router's own Navigate starts again at every render while the way is under way. */
import { type NavigateOptions, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

export function GoTo({ target }: { target: NavigateOptions }) {
  const navigate = useNavigate();
  const [first] = useState(target);
  useEffect(() => {
    void navigate({ ...first, replace: true });
  }, [navigate, first]);
  return null;
}
