/** A button that, when it may not be used, stays where it is and says why: to the eye, on focus, and to a screen reader. */
import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import { useId, useState } from 'react';

type Props = ButtonProps & {
  onClick?: () => void;
  /** Why it cannot be used now; undefined means that it can. */
  refusal?: string;
  children: React.ReactNode;
  type?: 'button' | 'submit';
};

/** The same elements in both cases, so that the focus survives the change; quiet after a press, so as not to cover what it brought. */
export function ReasonedButton({ refusal, onClick, children, type = 'button', ...rest }: Props) {
  const id = useId();
  const [pressed, setPressed] = useState(false);
  const press = (event: React.MouseEvent): void => {
    setPressed(true);
    if (refusal) event.preventDefault();
    else onClick?.();
  };
  return (
    <>
      <Tooltip label={refusal} disabled={!refusal || pressed} multiline maw={280} position="bottom-end" events={{ hover: true, focus: true, touch: true }}>
        <Button
          {...rest} type={refusal ? 'button' : type} data-disabled={refusal ? true : undefined} aria-disabled={refusal ? true : undefined}
          aria-describedby={refusal ? id : undefined} onClick={press} onMouseLeave={() => setPressed(false)} onBlur={() => setPressed(false)}
        >
          {children}
        </Button>
      </Tooltip>
      {refusal && <span id={id} className="visually-hidden">{refusal}</span>}
    </>
  );
}
