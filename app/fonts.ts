import localFont from 'next/font/local'

// Geist without what most pages don't show: only the weights 400 to 550, and only Latin letters, which makes 31 kB of 141. The rest of
// it loads when a page has other letters. Both files of app/fonts are made from geist 1.7.2 with fonttools 4.68.0, for Geist and for
// GeistMono:
//   fonttools varLib.instancer Geist-Variable.ttf wght=400:550 -o Geist.ttf
//   pyftsubset Geist.ttf --unicodes=<the first unicode-range below> --flavor=woff2 --output-file=Geist-latin.woff2
//     --layout-features=kern,mark,mkmk,ccmp,locl,liga,calt,tnum,case
// NB: next/font reads these calls when it builds, so they have literals only.

const sans = localFont({
  src: './fonts/Geist-latin.woff2',
  variable: '--font-geist-sans',
  weight: '400 550',
  // The font of the other letters has the fallback, which must come last.
  adjustFontFallback: false,
  declarations: [
    {
      prop: 'unicode-range',
      value:
        'U+0020-007E,U+00A0-00FF,U+0131,U+0152-0153,U+02BC,U+02C6,U+02DA,U+02DC,U+2013-2014,U+2018-201A,U+201C-201E,U+2020-2022,U+2026,U+2032-2033,U+2039-203A,U+20AC,U+2122,U+2190-2193,U+2212,U+25CF',
    },
  ],
})
const otherSans = localFont({
  src: '../node_modules/geist/dist/fonts/geist-sans/Geist-Variable.woff2',
  variable: '--font-geist-sans-other',
  weight: '100 900',
  preload: false,
  declarations: [
    {
      prop: 'unicode-range',
      value:
        'U+0100-0130,U+0132-0151,U+0154-02BB,U+02BD-02C5,U+02C7-02D9,U+02DB,U+02DD-0FFF,U+1E00-1EFF,U+2070-20AB,U+20AD-2121,U+2123-218F,U+2194-2211,U+2213-25CE,U+25D0-2BFF',
    },
  ],
})
const mono = localFont({
  src: './fonts/GeistMono-latin.woff2',
  variable: '--font-geist-mono',
  weight: '400 550',
  adjustFontFallback: false,
  declarations: [
    {
      prop: 'unicode-range',
      value:
        'U+0020-007E,U+00A0-00FF,U+0131,U+0152-0153,U+02BC,U+02C6,U+02DA,U+02DC,U+2013-2014,U+2018-201A,U+201C-201E,U+2020-2022,U+2026,U+2032-2033,U+2039-203A,U+20AC,U+2122,U+2190-2193,U+2212,U+25CF',
    },
  ],
})
const otherMono = localFont({
  src: '../node_modules/geist/dist/fonts/geist-mono/GeistMono-Variable.woff2',
  variable: '--font-geist-mono-other',
  weight: '100 900',
  preload: false,
  adjustFontFallback: false,
  declarations: [
    {
      prop: 'unicode-range',
      value:
        'U+0100-0130,U+0132-0151,U+0154-02BB,U+02BD-02C5,U+02C7-02D9,U+02DB,U+02DD-0FFF,U+1E00-1EFF,U+2070-20AB,U+20AD-2121,U+2123-218F,U+2194-2211,U+2213-25CE,U+25D0-2BFF',
    },
  ],
})

/** Classes that define the fonts' variables, for app/globals.css. */
export const fontVariables = [sans, otherSans, mono, otherMono].map(({ variable }) => variable).join(' ')
