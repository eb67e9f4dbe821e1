/** A button that, when it may not be used, stays where it is and says why: to the eye, on focus, and to a screen reader. */
import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import { useId } from 'react';
import classes from './ReasonedButton.module.css';

type Props = ButtonProps & {
  onClick?: () => void;
  /** Why it cannot be used now; undefined means that it can. */
  refusal?: string;
  children: React.ReactNode;
  type?: 'button' | 'submit';
};

export function ReasonedButton({ refusal, onClick, children, ...rest }: Props) {
  const id = useId();
  if (!refusal) return <Button onClick={onClick} {...rest}>{children}</Button>;
  return (
    <>
      <Tooltip label={refusal} multiline maw={280} position="bottom-end" events={{ hover: true, focus: true, touch: true }}>
        <Button {...rest} type="button" data-disabled aria-disabled="true" aria-describedby={id} onClick={(event) => event.preventDefault()}>
          {children}
        </Button>
      </Tooltip>
      <span id={id} className={classes['spoken']}>{refusal}</span>
    </>
  );
}
