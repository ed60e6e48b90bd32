/** What is used of miniprogram-simulate. Its own types bring an older copy of WeChat's, which clashes with ours. */
declare module 'miniprogram-simulate' {
  interface Page {
    readonly instance: unknown
    readonly data: Record<string, unknown>
    attach(place: HTMLElement): void
    detach(): void
  }
  const simulate: {
    load(path: string, options: { compiler: 'official' | 'simulate'; rootPath: string }): string
    render(id: string): Page
  }
  export default simulate
}

/** WeChat's compilers of WXML and WXSS, as programs. They throw on what they can't compile. */
declare module 'miniprogram-compiler' {
  const compiler: {
    wxmlToJs(folder: string): string
    wxssToJs(folder: string): string
  }
  export default compiler
}
