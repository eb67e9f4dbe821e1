/** New rows wait behind a button while somebody is reading the list: nothing moves under the pointer. */
import { Button } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useRef, useState } from 'react';

export function NewRows({ count, show }: { count: number; show: () => void }) {
  const { i18n } = useLingui();
  return (
    <div role="status">
      {count > 0 && (
        <Button size="compact-sm" variant="default" onClick={show}>
          {i18n.t('{count, plural, one {# new} other {# new}}', { count })}
        </Button>
      )}
    </div>
  );
}

/** True while the pointer or the focus is inside the element that the returned props are given to. */
export function useAttention(): { attentive: () => boolean; props: React.HTMLAttributes<HTMLElement>; held: boolean } {
  const pointer = useRef(false);
  const focus = useRef(false);
  const [held, setHeld] = useState(false);
  const note = (): void => setHeld(pointer.current || focus.current);
  return {
    attentive: () => pointer.current || focus.current,
    held,
    props: {
      onPointerEnter: () => { pointer.current = true; note(); },
      onPointerLeave: () => { pointer.current = false; note(); },
      onFocus: () => { focus.current = true; note(); },
      onBlur: (event) => {
        if (event.currentTarget.contains(event.relatedTarget)) return;
        focus.current = false;
        note();
      },
    },
  };
}
