/** Colours and defaults. Grey ground; colour is kept for what is wrong. */
import { createTheme, type MantineColorsTuple } from '@mantine/core';

const steel: MantineColorsTuple = [
  '#f1f5f8', '#e1e9ef', '#c5d4de', '#a3bbca', '#7d9db1', '#5c8299', '#436b84', '#30566e', '#224459', '#163346',
];

export const theme = createTheme({
  colors: { steel },
  primaryColor: 'steel',
  primaryShade: { light: 7, dark: 6 },
  defaultRadius: 'sm',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
  headings: { fontWeight: '600' },
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    // Outside a portal: what stands under no landmark is lost to those who walk by landmarks.
    Tooltip: { defaultProps: { withArrow: true, openDelay: 200, withinPortal: false } },
    Alert: { styles: { title: { color: 'var(--ly-critical)' } } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.4 } } },
  },
});
