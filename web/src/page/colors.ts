// A colour per expression, alike in boxes, bars and timeline: three times as dark as white, and white text can be read on it.

const COLORS: Record<string, string> = {
  angry: '#c23b4e',
  disgust: '#5f7f2a',
  fear: '#7a55b0',
  happy: '#b37400',
  sad: '#3b6ea3',
  surprise: '#c2591c',
  neutral: '#6f7a74',
  contempt: '#8a5a40',
}

export const UNSURE = '#6b746f'

export function colorOf(label: string): string {
  return COLORS[label] ?? `hsl(${hueOf(label)} 45% 38%)`
}

/** The same for a name wherever it is shown. */
function hueOf(label: string): number {
  return [...label].reduce((hue, letter) => (hue * 31 + letter.codePointAt(0)!) % 360, 7)
}
