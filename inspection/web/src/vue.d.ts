/** What typescript-eslint takes a component for, which can't read one; vue-tsc looks into the components themselves. */
declare module '*.vue' {
  import type { DefineComponent } from 'vue'

  const component: DefineComponent
  export default component
}
