// A colour per expression, alike in bars and timeline; readable on light and dark ground.

const COLORS: Record<string, string> = {
  angry: '#d1495b',
  disgust: '#7a9e3f',
  fear: '#8e6bbf',
  happy: '#e3a32b',
  sad: '#4a7fb5',
  surprise: '#e07b39',
  neutral: '#8a948f',
  contempt: '#a1745a',
}

export function colorOf(label: string): string {
  return COLORS[label] ?? '#3aa99f'
}
